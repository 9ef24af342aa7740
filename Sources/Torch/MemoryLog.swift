import CTorch
import Foundation

/// What some work's tensors take of host memory, block by block.
package struct MemoryLog: Equatable {
    /// Bytes in the order in which they were taken and, negative, given back.
    package let sizes: [Int64]

    /// Bytes that are kept after the work.
    package var kept: Int64 { sizes.reduce(0, +) }

    /// Logs what this thread does, and autograd for it.
    package static func record(_ body: () throws -> Void) throws -> MemoryLog {
        var handle = ct_memory_log()
        try TorchError.check("logging memory", ct_memory_log_start(&handle))
        let outcome = Result { try body() }
        var (sizes, count): (UnsafeMutablePointer<Int64>?, Int64) = (nil, 0)
        try TorchError.check("logging memory", ct_memory_log_stop(handle, &sizes, &count))
        defer { free(sizes) }
        try outcome.get()
        return MemoryLog(sizes: Array(UnsafeBufferPointer(start: sizes, count: Int(count))))
    }
}
