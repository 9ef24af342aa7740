import CTorch

/// An operator of libtorch, found by its schema name and called with boxed arguments.
///
/// A new operator is one line:
/// ```swift
/// static let matmul = Operator("aten::matmul")
/// let product: Tensor = Operator.matmul(a, b)
/// let (values, indices): (Tensor, Tensor) = Operator.sort(scores, stable: true, dim: -1, descending: true)
/// ```
/// Labels are the schema's argument names; what is left out takes the schema's default. Autograd is included.
/// The call traps where libtorch refuses; `results(of:)` throws instead.
@dynamicCallable
public struct Operator: @unchecked Sendable {
    public let name: String
    // libtorch keeps an operator for as long as the process lives and never changes it: safe to share.
    private let handle: ct_operator

    /// Traps where libtorch has no such operator: a name is part of the program.
    public init(_ name: String, _ overload: String = "") {
        var handle = ct_operator()
        trapping { try TorchError.check(name, ct_operator_find(name, overload, &handle)) }
        (self.name, self.handle) = (name, handle)
    }

    /// Whether this libtorch has an operator.
    public static func exists(_ name: String, _ overload: String = "") -> Bool {
        var handle = ct_operator()
        return ct_operator_find(name, overload, &handle) == 0
    }

    /// What an operator takes and returns.
    public enum Value {
        case none
        case tensor(Tensor)
        case tensors([Tensor?])
        case int(Int)
        case ints([Int])
        case double(Double)
        case doubles([Double])
        case bool(Bool)
        case string(String)
        case device(Device)
        case generator(Generator)
    }

    public typealias Arguments = KeyValuePairs<String, (any OperatorArgument)?>

    /// Calls the operator. A list of tensors in its results is flattened.
    public func results(of arguments: Arguments) throws -> [Value] {
        // An operator on a list of tensors gives at most a tensor for each.
        let longestList = arguments.reduce(0) { max($0, $1.value?.operatorListCount ?? 0) }
        let capacity = max(longestList, 16)
        return try withUnsafeTemporaryAllocation(of: ct_value.self, capacity: arguments.count + capacity) { places in
            let results = places.baseAddress! + arguments.count
            var count: Int64 = 0
            let frame = ArgumentFrame(arguments, in: places)
            defer { frame.free() }
            let status = withExtendedLifetime(arguments) {
                OperatorClock.time(name, Self.leadingShapes(arguments)) {
                    ct_operator_call(handle, places.baseAddress!, Int64(arguments.count), results, Int64(capacity), &count)
                }
            }
            guard status == 0 else {
                throw TorchError(
                    action: name, message: String(cString: ct_last_error()) + " [\(Self.describe(arguments))]")
            }
            return (0..<Int(count)).map { Value(results[$0]) }
        }
    }

    private static func leadingShapes(_ arguments: Arguments) -> [[Int]] {
        arguments.prefix(2).compactMap { ($0.value as? Tensor)?.shape }
    }

    private static func describe(_ arguments: Arguments) -> String {
        arguments.map { label, argument in
            (label.isEmpty ? "" : label + ": ") + (argument.map { "\($0)" } ?? "nil")
        }.joined(separator: ", ")
    }
}

// MARK: - Calling

extension Operator {
    public func dynamicallyCall(withKeywordArguments arguments: Arguments) -> Tensor {
        tensors(arguments, 1)[0]
    }

    public func dynamicallyCall(withKeywordArguments arguments: Arguments) -> (Tensor, Tensor) {
        let results = tensors(arguments, 2)
        return (results[0], results[1])
    }

    public func dynamicallyCall(withKeywordArguments arguments: Arguments) -> [Tensor] {
        tensors(arguments, nil)
    }

    public func dynamicallyCall(withKeywordArguments arguments: Arguments) {
        let _: [Value] = trapping { try results(of: arguments) }
    }

    private func tensors(_ arguments: Arguments, _ expected: Int?) -> [Tensor] {
        let results: [Value] = trapping { try self.results(of: arguments) }
        let tensors = results.compactMap { if case .tensor(let tensor) = $0 { tensor } else { nil } }
        if let expected, tensors.count < expected {
            fatalError("\(name) gave \(tensors.count) tensors where \(expected) were asked for")
        }
        return tensors
    }
}

// MARK: - Arguments

/// A type that can be passed to an operator.
public protocol OperatorArgument {
    var operatorValue: Operator.Value { get }
    /// Elements, for a list; 0 otherwise.
    var operatorListCount: Int { get }
}

extension OperatorArgument {
    public var operatorListCount: Int { 0 }
}

extension Tensor: OperatorArgument { public var operatorValue: Operator.Value { .tensor(self) } }
extension Int: OperatorArgument { public var operatorValue: Operator.Value { .int(self) } }
extension Double: OperatorArgument { public var operatorValue: Operator.Value { .double(self) } }
extension Bool: OperatorArgument { public var operatorValue: Operator.Value { .bool(self) } }
extension String: OperatorArgument { public var operatorValue: Operator.Value { .string(self) } }
extension DType: OperatorArgument { public var operatorValue: Operator.Value { .int(Int(rawValue)) } }
extension Device: OperatorArgument { public var operatorValue: Operator.Value { .device(self) } }
extension Generator: OperatorArgument { public var operatorValue: Operator.Value { .generator(self) } }

extension Array: OperatorArgument where Element: OperatorListElement {
    public var operatorValue: Operator.Value { Element.operatorValue(of: self) }
    public var operatorListCount: Int { count }
}

/// A type whose arrays can be passed to an operator.
public protocol OperatorListElement {
    static func operatorValue(of list: [Self]) -> Operator.Value
}

extension Int: OperatorListElement { public static func operatorValue(of list: [Int]) -> Operator.Value { .ints(list) } }
extension Double: OperatorListElement { public static func operatorValue(of list: [Double]) -> Operator.Value { .doubles(list) } }
extension Tensor: OperatorListElement {
    public static func operatorValue(of list: [Tensor]) -> Operator.Value { .tensors(list) }
}
extension Optional: OperatorListElement where Wrapped == Tensor {
    public static func operatorValue(of list: [Tensor?]) -> Operator.Value { .tensors(list) }
}
