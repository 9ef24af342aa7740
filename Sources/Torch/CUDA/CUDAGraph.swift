import CTorch

/// Work on a GPU that is recorded once and repeated with one launch.
///
/// It does the same each time to the same memory: what changes from one time to the next has to lie in tensors that stay where they
/// are, and a tensor that it reads must not go away.
package final class CUDAGraph {
    private let handle: ct_graph

    /// Whether this program was built so that it can.
    package static var isBuilt: Bool { ct_has_graphs() }

    /// Records what `body` would do, and does nothing of it.
    ///
    /// What `body` does must have been done before on this stream, so that kernels are loaded and libraries have their workspaces.
    ///
    /// - Parameter other: whose memory is shared, since the two never run at once and neither reads what it left there before.
    /// - Throws: `TorchError` where something waits for the device; what `body` throws.
    package init(on device: Device, sharing other: CUDAGraph?, _ body: () throws -> Void) throws {
        // What the rehearsals have left in libtorch's cache is no use to the graph's own pool.
        Runtime.synchronize(device)
        try TorchError.check("giving memory back", ct_device_release_memory(device.handle))
        var handle = ct_graph()
        try withExtendedLifetime(other) {
            try TorchError.check("recording a CUDA graph", ct_graph_begin(other?.handle ?? ct_graph(), &handle))
        }
        let outcome = Result { try body() }
        let status = ct_graph_end(handle)
        do {
            // What went wrong inside says more than that the recording can't be ended.
            try outcome.get()
            try TorchError.check("recording a CUDA graph", status)
        } catch {
            ct_graph_free(handle)
            throw error
        }
        self.handle = handle
    }

    deinit { ct_graph_free(handle) }

    /// Puts the work on the current stream.
    package func replay() throws { try TorchError.check("repeating a CUDA graph", ct_graph_replay(handle)) }
}

extension Runtime {
    /// Has this thread work on a stream of the device's that isn't its default one, which can't be recorded. Do it before the first
    /// tensor is made there.
    package static func leaveDefaultStream(of device: Device) throws {
        guard device != .cpu else { return }
        try TorchError.check("taking a stream of \(device)", ct_stream_leave_default(device.handle))
    }
}
