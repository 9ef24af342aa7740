import Checkpoints
import Torch

/// Tensors by name, in a fixed order.
public struct NamedTensors: Sequence {
    private var order: [String] = []
    private var tensors: [String: Tensor] = [:]

    public init() {}

    public var names: [String] { order }
    public var count: Int { order.count }

    public subscript(name: String) -> Tensor? { tensors[name] }

    /// Appends a tensor, or replaces the one of that name where it stands.
    public mutating func set(_ name: String, _ tensor: Tensor) {
        if tensors.updateValue(tensor, forKey: name) == nil { order.append(name) }
    }

    public func makeIterator() -> AnyIterator<(name: String, tensor: Tensor)> {
        var names = order.makeIterator()
        return AnyIterator { [tensors] in names.next().map { ($0, tensors[$0]!) } }
    }
}

/// Reads a model's weights as tensors of one type, checking each shape before memory is taken.
struct WeightLoader {
    let source: any TensorSource
    let dtype: DType
    let device: Device

    func callAsFunction(_ name: String, _ shape: [Int]) throws -> Tensor {
        guard let found = source.description(of: name) else { throw ModelError.missingTensor(name) }
        guard found.shape == shape else { throw ModelError.wrongShape(tensor: name, found: found.shape, expected: shape) }
        let tensor = Tensor.empty(shape)
        try tensor.withMutableBytes { try source.read(name, into: $0.bindMemory(to: Float.self)) }
        return tensor.converted(to: dtype).moved(to: device)
    }
}
