import CUDAEmulation
import Foundation
import Torch

/// Runs the CUDA kernels on the host, one launch at a time: the emulation's shared memory is one.
struct EmulatedKernels: KernelLauncher {
    private static let lock = NSLock()

    func launch(
        _ kernel: String, blocks: Int, threads: Int, arguments: UnsafePointer<UnsafeMutableRawPointer?>, on device: Device
    ) {
        precondition(device == .cpu, "emulated kernels work in host memory")
        Self.lock.withLock {
            let status = emulate_kernel(kernel, UInt32(blocks), UInt32(threads), arguments)
            precondition(status == 0, "RowKernels.cu has no \(kernel)")
        }
    }
}
