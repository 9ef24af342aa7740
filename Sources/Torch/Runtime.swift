import CTorch

/// The libtorch this program runs on.
public enum Runtime {
    /// Of the headers it was compiled with, e.g. `2.13.0`.
    public static var version: String { String(cString: ct_version()) }

    /// Whether this build of libtorch has CUDA and sees a device.
    public static var hasCUDA: Bool { ct_has_cuda() }

    /// Threads inside an operator. Set it before the first tensor is made.
    public static var threadCount: Int {
        get { Int(ct_threads()) }
        set { ct_threads_set(Int32(newValue)) }
    }

    /// Keeps freed memory in the process, since a training step asks for the same blocks again. Call it before the first
    /// tensor is made.
    public static func keepFreedMemory() { ct_keep_freed_memory() }
}
