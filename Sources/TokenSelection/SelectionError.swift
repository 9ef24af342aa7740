/// What is wrong with a selection, and what to do about it.
public enum SelectionError: Error, Equatable, CustomStringConvertible {
    case unknownScore(String, known: [String])
    case unknownPolicy(String, known: [String])
    case ratioOutOfRange(Double)
    case nothingValid
    case wrongKeyCount(policy: String, found: Int, expected: Int)
    case notANumber(what: String)
    case needsHost(reason: DeviceSelection.Obstacle)

    public var description: String {
        switch self {
        case .unknownScore(let name, let known):
            "score \(name) is unknown; Winnow knows \(known.joined(separator: ", "))"
        case .unknownPolicy(let name, let known):
            "policy \(name) is unknown; Winnow knows \(known.joined(separator: ", "))"
        case .ratioOutOfRange(let ratio):
            "a selection ratio of \(ratio) can't be used: it must be in (0, 1], and 1 for the policy that takes every token"
        case .nothingValid:
            "no token of the batch is valid: there is nothing to select from"
        case .wrongKeyCount(let policy, let found, let expected):
            "policy \(policy) gave \(found) keys for \(expected) tokens"
        case .notANumber(let what):
            "\(what) is not a number, which can't be ranked: look at the losses and at the reference's"
        case .needsHost(let reason):
            "tokens can't be selected on the device: \(reason)"
        }
    }
}
