import CTorch
import Foundation

/// The kernels of each GPU, compiled or read from the cache when they are first asked for.
///
/// Unchecked: the lock guards the dictionary.
package final class DeviceKernels: @unchecked Sendable {
    package static let shared = DeviceKernels()

    private let lock = NSLock()
    private var loaded: [Device: Result<CUDARowKernels, any Error>] = [:]

    /// `nil` where they can't be had: `problem(on:)` says why.
    func rowKernels(on device: Device) -> CUDARowKernels? { try? result(on: device).get() }

    /// Why operators stand in for the kernels of a device; `nil` where they don't, and for the CPU.
    package func problem(on device: Device) -> String? {
        guard device != .cpu, case .failure(let error) = result(on: device) else { return nil }
        return "\(error)"
    }

    private func result(on device: Device) -> Result<CUDARowKernels, any Error> {
        lock.lock()
        defer { lock.unlock() }
        if let found = loaded[device] { return found }
        let found = Result { try Self.load(on: device) }
        loaded[device] = found
        return found
    }

    private static func load(on device: Device) throws -> CUDARowKernels {
        let capability = try capability(of: device)
        let image = try CompiledKernels().image(
            of: CUDARowKernels.source, named: "RowKernels", for: "sm_\(capability.major)\(capability.minor)",
            compiler: RuntimeCompiler.version())
        return CUDARowKernels(try LoadedKernels(image, names: CUDARowKernels.names, on: device))
    }

    /// - Throws: `TorchError` where there is no such GPU.
    static func capability(of device: Device) throws -> (major: Int, minor: Int) {
        var (major, minor): (Int32, Int32) = (0, 0)
        try TorchError.check("\(device)", ct_cuda_capability(device.handle, &major, &minor))
        return (Int(major), Int(minor))
    }
}
