/// What can be wrong with a tokenizer's file: which file, where in it, and what to do.
public enum TokenizerError: Error, Hashable, CustomStringConvertible {
    /// The file cannot be read at all.
    case unreadable(file: String, reason: String)
    /// The text is no JSON: what was expected at a byte offset.
    case invalidJSON(file: String, offset: Int, expected: String)
    /// A field is missing, has the wrong type, or contradicts another one.
    case malformed(file: String, field: String, problem: String)
    /// The file asks for a kind of normalizer, pre-tokenizer, model, … that Winnow does not implement.
    case unsupported(file: String, field: String, kind: String, supported: String)

    public var description: String {
        switch self {
        case .unreadable(let file, let reason):
            "\(file): cannot be read (\(reason)); give a tokenizer.json, a model folder that holds one, or a GGUF file"
        case .invalidJSON(let file, let offset, let expected):
            "\(file): not JSON: \(expected) expected at byte \(offset); the file may be truncated: fetch it again"
        case .malformed(let file, let field, let problem):
            "\(file): \(field): \(problem)"
        case .unsupported(let file, let field, let kind, let supported):
            "\(file): \(field): \(kind) is not supported; supported: \(supported)"
        }
    }
}
