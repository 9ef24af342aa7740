import CTorch
import Foundation

/// Runs kernels by name: on a GPU, or in the tests on the host.
package protocol KernelLauncher: Sendable {
    /// - Parameters:
    ///   - blocks: of `threads` threads each, a multiple of 32.
    ///   - arguments: the address of each argument's value.
    ///   - device: where the tensors are that the arguments point to.
    func launch(
        _ kernel: String, blocks: Int, threads: Int, arguments: UnsafePointer<UnsafeMutableRawPointer?>, on device: Device)
}

/// The kernels of one compiled source on one GPU.
///
/// Unchecked: the driver's handles may be used from any thread, and the dictionary is never changed after `init`.
final class LoadedKernels: KernelLauncher, @unchecked Sendable {
    private let kernels: [String: ct_cuda_kernel]

    /// - Throws: `TorchError`
    init(_ image: Data, names: [String], on device: Device) throws {
        var module = ct_cuda_module()
        try image.withUnsafeBytes {
            try TorchError.check("loading kernels", ct_cuda_module_load(device.handle, $0.baseAddress!, &module))
        }
        kernels = try Dictionary(
            uniqueKeysWithValues: names.map { name in
                var kernel = ct_cuda_kernel()
                try TorchError.check("loading kernels", ct_cuda_kernel_find(module, name, &kernel))
                return (name, kernel)
            })
    }

    func launch(
        _ kernel: String, blocks: Int, threads: Int, arguments: UnsafePointer<UnsafeMutableRawPointer?>, on device: Device
    ) {
        guard let found = kernels[kernel] else { fatalError("no kernel \(kernel) was loaded") }
        trapping {
            try TorchError.check(
                kernel, ct_cuda_launch(found, device.handle, UInt32(blocks), UInt32(threads), arguments))
        }
    }
}
