import CTorch

/// Where a tensor lives.
public enum Device: Sendable, Hashable, CustomStringConvertible {
    case cpu
    case cuda(index: Int)

    /// `cpu`, `cuda` or `cuda:1`.
    public init?(_ name: String) {
        switch name.split(separator: ":", omittingEmptySubsequences: false) {
        case ["cpu"]: self = .cpu
        case ["cuda"]: self = .cuda(index: 0)
        case let parts where parts.count == 2 && parts[0] == "cuda":
            guard let index = Int(parts[1]), index >= 0 else { return nil }
            self = .cuda(index: index)
        default: return nil
        }
    }

    public var description: String {
        switch self {
        case .cpu: "cpu"
        case .cuda(let index): "cuda:\(index)"
        }
    }

    var handle: ct_device {
        switch self {
        case .cpu: ct_device(type: 0, index: -1)
        case .cuda(let index): ct_device(type: 1, index: Int32(index))
        }
    }

    init(_ handle: ct_device) {
        self = handle.type == 0 ? .cpu : .cuda(index: max(0, Int(handle.index)))
    }
}
