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
    ///
    /// - Throws: `CheckpointError.unknownTensor`, `.wrongCount`.
    func read(_ name: String, into destination: UnsafeMutableBufferPointer<Float>) throws

    /// Copies a tensor as it is stored, in its `elementType`, into `destination`, which must be as large.
    ///
    /// - Throws: as `read(_:into:)` does; `.unsupportedType` where the source makes its values up.
    func readStored(_ name: String, into destination: UnsafeMutableRawBufferPointer) throws
}

extension TensorSource {
    public func readStored(_ name: String, into destination: UnsafeMutableRawBufferPointer) throws {
        throw CheckpointError.unsupportedType(
            tensor: name, type: description(of: name)?.elementType.rawValue ?? "", file: "\(Self.self)", supported: ["floats"])
    }

    /// A tensor converted to float32, row-major.
    ///
    /// - Throws: `CheckpointError.unknownTensor`.
    public func floats(_ name: String) throws -> [Float] {
        guard let count = description(of: name)?.count else {
            try read(name, into: UnsafeMutableBufferPointer(start: nil, count: 0))
            preconditionFailure("\(Self.self).read accepted '\(name)', which it does not describe")
        }
        return try [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
            try read(name, into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
            initialized = count
        }
    }
}
