/// The numeric types that model files store.
public enum ElementType: String, Sendable, Hashable, CaseIterable {
    case float64 = "F64", float32 = "F32", float16 = "F16", bfloat16 = "BF16"
    case int64 = "I64", int32 = "I32", int16 = "I16", int8 = "I8", uint8 = "U8", bool = "BOOL"
    /// GGUF's blocks of 32 weights: 8 bits with a scale, 4 bits with a scale, 4 bits with a scale and a minimum.
    case q8_0 = "Q8_0", q4_0 = "Q4_0", q4_1 = "Q4_1"
}

/// What a model file says of one tensor.
public struct TensorDescription: Sendable, Hashable {
    public var name: String
    public var elementType: ElementType
    /// Row-major, outermost dimension first, as Hugging Face writes it.
    public var shape: [Int]
    public var count: Int { shape.reduce(1, *) }

    public init(name: String, elementType: ElementType, shape: [Int]) {
        (self.name, self.elementType, self.shape) = (name, elementType, shape)
    }
}

/// Named tensors in one or several files, read on demand: memory-mapped, never loaded whole.
///
/// Names are Hugging Face's parameter names, whatever the file calls them.
public protocol TensorSource: Sendable {
    /// Every tensor, in the file's order.
    var tensors: [TensorDescription] { get }

    func description(of name: String) -> TensorDescription?

    /// Converts a tensor to float32 into `destination`, whose count must be the tensor's.
    func read(_ name: String, into destination: UnsafeMutableBufferPointer<Float>) throws
}

extension TensorSource {
    /// A tensor converted to float32.
    public func floats(_ name: String) throws -> [Float] {
        let count = description(of: name)?.count ?? 0
        return try [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            try read(name, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
            initialized = count
        }
    }
}
