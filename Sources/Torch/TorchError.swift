import CTorch

/// What libtorch refused, in its own words.
public struct TorchError: Error, CustomStringConvertible {
    /// The operator or the action that failed, e.g. `aten::mm`.
    public let action: String
    /// libtorch's sentence.
    public let message: String

    public var description: String { "\(action): \(message)" }

    /// Runs a C call and throws its message where it fails.
    static func check(_ action: @autoclosure () -> String, _ status: ct_status) throws {
        guard status != 0 else { return }
        throw TorchError(action: action(), message: String(cString: ct_last_error()))
    }
}

/// For what only a programmer's mistake can break.
func trapping<Result>(_ body: () throws -> Result) -> Result {
    do { return try body() } catch { fatalError("\(error)") }
}
