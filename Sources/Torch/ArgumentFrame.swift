import CTorch
import Foundation

/// Writes Swift arguments as C values, which point into memory of its own until `free()`.
///
/// Tensors and generators are borrowed: the caller keeps the arguments alive.
struct ArgumentFrame {
    private var allocations: [UnsafeMutableRawPointer] = []

    init(_ arguments: Operator.Arguments, in places: UnsafeMutableBufferPointer<ct_value>) {
        for (index, (label, argument)) in arguments.enumerated() {
            var place = value(of: argument?.operatorValue ?? .none)
            if !label.isEmpty { place.name = UnsafePointer(copied(label)) }
            places.initializeElement(at: index, to: place)
        }
    }

    func free() { for allocation in allocations { allocation.deallocate() } }

    private mutating func value(of argument: Operator.Value) -> ct_value {
        var place = ct_value()
        switch argument {
        case .none: place.kind = .none
        case .tensor(let tensor): (place.kind, place.tensor) = (.tensor, tensor.handle)
        case .tensors(let tensors):
            (place.kind, place.count) = (.tensor_list, Int64(tensors.count))
            place.tensors = UnsafePointer(copied(tensors.map { $0?.handle ?? ct_tensor() }))
        case .int(let integer): (place.kind, place.integer) = (.int, Int64(integer))
        case .ints(let integers):
            (place.kind, place.count) = (.int_list, Int64(integers.count))
            place.integers = UnsafePointer(copied(integers.map(Int64.init)))
        case .double(let double): (place.kind, place.floating) = (.double, double)
        case .doubles(let doubles):
            (place.kind, place.count) = (.double_list, Int64(doubles.count))
            place.floatings = UnsafePointer(copied(doubles))
        case .bool(let bool): (place.kind, place.boolean) = (.bool, bool)
        case .string(let string): (place.kind, place.string) = (.string, UnsafePointer(copied(string)))
        case .device(let device): (place.kind, place.device) = (.device, device.handle)
        case .generator(let generator): (place.kind, place.generator) = (.generator, generator.handle)
        }
        return place
    }

    private mutating func copied<Element>(_ list: [Element]) -> UnsafeMutablePointer<Element> {
        let memory = UnsafeMutablePointer<Element>.allocate(capacity: max(1, list.count))
        memory.initialize(from: list, count: list.count)
        allocations.append(memory)
        return memory
    }

    private mutating func copied(_ string: String) -> UnsafeMutablePointer<CChar> {
        copied(Array(string.utf8CString))
    }
}

extension Operator.Value {
    /// Takes over the tensor in a result.
    init(_ result: ct_value) {
        self =
            switch result.kind {
            case .tensor: .tensor(Tensor(owning: result.tensor))
            case .int: .int(Int(result.integer))
            case .double: .double(result.floating)
            case .bool: .bool(result.boolean)
            default: .none
            }
    }
}
