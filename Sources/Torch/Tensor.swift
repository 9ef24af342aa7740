import CTorch

/// A libtorch tensor.
///
/// One Swift object holds one reference; `deinit` gives it back. Not `Sendable`: a tensor stays with the thread that
/// trains, and plain values cross between tasks. Operations on tensors of wrong shapes trap with libtorch's sentence,
/// the operator and the shapes: they are programming mistakes. What comes from outside goes through throwing calls.
public final class Tensor {
    let handle: ct_tensor

    /// Takes over a handle that the caller owns.
    init(owning handle: ct_tensor) { self.handle = handle }

    deinit { ct_tensor_free(handle) }
}

// MARK: - Making

extension Tensor {
    /// Copies row-major `values` into a tensor of `shape`.
    public convenience init<Element: TensorElement>(_ values: [Element], shape: [Int]? = nil, on device: Device = .cpu) {
        let shape = shape ?? [values.count]
        precondition(shape.reduce(1, *) == values.count, "\(values.count) values don't fill a tensor of shape \(shape)")
        self.init(
            owning: trapping {
                try values.withUnsafeBytes { try Tensor.copying($0, dtype: Element.dtype, shape: shape, device: device) }
            })
    }

    /// A copy where `device` is, for which the host doesn't wait: the next operators there find it done. Host memory on its way to a GPU
    /// goes by pinned memory.
    public func sent(to device: Device) -> Tensor {
        guard self.device != device else { return self }
        guard self.device == .cpu else { return moved(to: device) }
        let source = contiguous()
        return Tensor(
            owning: trapping {
                try source.withBytes { try Tensor.copying($0, dtype: source.dtype, shape: source.shape, device: device) }
            })
    }

    /// A tensor of rank 0.
    public convenience init<Element: TensorElement>(scalar: Element, on device: Device = .cpu) {
        self.init([scalar], shape: [], on: device)
    }

    private static func copying(
        _ bytes: UnsafeRawBufferPointer, dtype: DType, shape: [Int], device: Device
    ) throws -> ct_tensor {
        var result = ct_tensor()
        var empty: UInt8 = 0
        let sizes = shape.map(Int64.init)
        let status = withUnsafePointer(to: &empty) { placeholder in
            ct_tensor_copying(
                bytes.baseAddress ?? UnsafeRawPointer(placeholder), dtype.rawValue, sizes, Int64(sizes.count),
                device.handle, &result)
        }
        try TorchError.check("copying a tensor of shape \(shape)", status)
        return result
    }

    public static func zeros(_ shape: [Int], dtype: DType = .float32, on device: Device = .cpu) -> Tensor {
        Operator.zeros(shape, dtype: dtype, device: device)
    }

    public static func full(_ shape: [Int], _ value: Double, dtype: DType = .float32, on device: Device = .cpu) -> Tensor {
        Operator.full(shape, value, dtype: dtype, device: device)
    }

    /// Memory whose contents are undefined until it is written.
    public static func empty(_ shape: [Int], dtype: DType = .float32, on device: Device = .cpu) -> Tensor {
        Operator.empty(shape, dtype: dtype, device: device)
    }

    /// `[0, 1, …, count − 1]`, int64.
    public static func range(_ count: Int, on device: Device = .cpu) -> Tensor {
        Operator.arange(count, dtype: DType.int64, device: device)
    }
}

// MARK: - Describing

extension Tensor {
    public var rank: Int { Int(ct_tensor_rank(handle)) }
    public var shape: [Int] { (0..<rank).map { Int(ct_tensor_size(handle, Int64($0))) } }
    public var count: Int { shape.reduce(1, *) }
    public var device: Device { Device(ct_tensor_device(handle)) }
    /// Another one after every operation in place.
    package var version: Int64 { ct_tensor_version(handle) }

    public var dtype: DType {
        let raw = ct_tensor_dtype(handle)
        guard let dtype = DType(rawValue: raw) else { fatalError("a tensor of libtorch's scalar type \(raw), which Torch lacks") }
        return dtype
    }

    /// The length of one dimension; negative ones count from the end.
    public func size(_ dimension: Int) -> Int {
        Int(ct_tensor_size(handle, Int64(dimension)))
    }

    /// Tensor handles alive in the process. A training loop leaves it where it was.
    public static var liveCount: Int { Int(ct_tensor_live_count()) }
}

extension Tensor: CustomStringConvertible {
    /// Also of a type that `DType` lacks: an operator's state may have one, and an error describes it.
    public var description: String {
        let raw = ct_tensor_dtype(handle)
        return "Tensor(\(shape), \(DType(rawValue: raw).map { "\($0)" } ?? "scalar type \(raw)"), \(device))"
    }
}

// MARK: - Reading

extension Tensor {
    /// Row-major copy of the values, converted to `Element`'s type where the tensor has another.
    public func values<Element: TensorElement>(_: Element.Type = Element.self) -> [Element] {
        withoutGradient {
            let host = detached().moved(to: .cpu).converted(to: Element.dtype).contiguous()
            return host.withBytes { Array($0.bindMemory(to: Element.self)) }
        }
    }

    /// The value of a tensor with one element.
    public func item<Element: TensorElement>(_: Element.Type = Element.self) -> Element {
        precondition(count == 1, "item() of a tensor of shape \(shape)")
        return values()[0]
    }

    /// The memory of a contiguous tensor on the host.
    public func withBytes<Result>(_ body: (UnsafeRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(UnsafeRawBufferPointer(bytes))
    }

    /// The memory of a contiguous tensor on the host, for writing. Autograd doesn't see it.
    public func withMutableBytes<Result>(_ body: (UnsafeMutableRawBufferPointer) throws -> Result) rethrows -> Result {
        try body(bytes)
    }

    private var bytes: UnsafeMutableRawBufferPointer {
        var pointer: UnsafeMutableRawPointer?
        trapping { try TorchError.check("reading \(self)", ct_tensor_bytes(handle, &pointer)) }
        return UnsafeMutableRawBufferPointer(start: pointer, count: count * dtype.byteCount)
    }
}
