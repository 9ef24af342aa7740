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
