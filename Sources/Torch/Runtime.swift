import CTorch

/// The libtorch this program runs on.
public enum Runtime {
    /// Of the headers it was compiled with, e.g. `2.13.0`.
    public static var version: String { String(cString: ct_version()) }

    /// Whether this build of libtorch has CUDA and sees a device.
    public static var hasCUDA: Bool { ct_has_cuda() }

    /// Whether there is such a device.
    public static func has(_ device: Device) -> Bool {
        switch device {
        case .cpu: true
        case .cuda(let index): index < ct_cuda_device_count()
        }
    }

    /// Threads inside an operator. Set it before the first tensor is made.
    public static var threadCount: Int {
        get { Int(ct_threads()) }
        set { ct_threads_set(Int32(newValue)) }
    }

    /// Keeps freed memory in the process, since a training step asks for the same blocks again. Call it before the first
    /// tensor is made.
    public static func keepFreedMemory() { ct_keep_freed_memory() }

    /// How layers are computed. The others than `kernels` are there to hold it against.
    public enum Arithmetic: String, Sendable, CaseIterable {
        /// Layers in one differentiable piece each, their element-wise work by kernels written for it where there are any.
        case kernels
        /// The same pieces, made of libtorch's operators.
        case operators
        /// One operator after another, differentiated by libtorch.
        case plain
    }

    /// Of the whole process. Set it before the first layer runs.
    public static var arithmetic: Arithmetic {
        get { Arithmetic.allCases[Int(ct_arithmetic())] }
        set { ct_arithmetic_set(Int32(Arithmetic.allCases.firstIndex(of: newValue)!)) }
    }

    /// Waits until a device has done all it was given, as a clock that times it has to.
    public static func synchronize(_ device: Device) {
        trapping { try TorchError.check("waiting for \(device)", ct_device_synchronize(device.handle)) }
    }

    /// Why operators stand in for the kernels of a device, such as a compiler that isn't there; `nil` where they don't.
    public static func kernelProblem(on device: Device) -> String? { DeviceKernels.shared.problem(on: device) }

    /// As its maker names it; `cpu` for the CPU.
    public static func name(of device: Device) -> String {
        guard device != .cpu else { return "\(device)" }
        return withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { name in
            let status = ct_cuda_device_name(device.handle, name.baseAddress!, 256)
            return status == 0 ? String(cString: name.baseAddress!) : "\(device)"
        }
    }

    /// The most bytes that tensors have taken on a GPU since the process began.
    public static func peakMemory(of device: Device) -> Int {
        var bytes: Int64 = 0
        trapping { try TorchError.check("memory of \(device)", ct_device_peak_memory(device.handle, &bytes)) }
        return Int(bytes)
    }
}
