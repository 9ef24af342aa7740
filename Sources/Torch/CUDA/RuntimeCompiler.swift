import CTorch
import Foundation

/// NVRTC: CUDA C++ to machine code at run time, on a machine with or without a GPU.
package enum RuntimeCompiler {
    /// Of the compiler found, e.g. `13.0`.
    ///
    /// - Throws: `TorchError` where there is none, with where it was looked for.
    package static func version() throws -> String {
        var (major, minor): (Int32, Int32) = (0, 0)
        try TorchError.check("NVRTC", ct_nvrtc_version(&major, &minor))
        return "\(major).\(minor)"
    }

    /// - Parameter architecture: such as `sm_90`.
    /// - Returns: a cubin.
    /// - Throws: `TorchError` with the compiler's log.
    package static func compile(_ source: String, name: String, for architecture: String) throws -> Data {
        var (image, count): (UnsafeMutableRawPointer?, Int64) = (nil, 0)
        try TorchError.check("NVRTC", ct_nvrtc_compile(source, name, architecture, &image, &count))
        return Data(bytesNoCopy: image!, count: Int(count), deallocator: .free)
    }
}
