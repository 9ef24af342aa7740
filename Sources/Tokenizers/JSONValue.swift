/// A JSON document that keeps its keys as they are written.
///
/// Foundation's parsers put objects into dictionaries keyed by `String`, whose equality is canonical equivalence:
/// of two vocabulary entries such as U+F900 and U+8C48 one would be lost. Here an object is a list.
enum JSONValue {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([JSONValue])
    case object([(key: String, value: JSONValue)])

    /// The first member called `key`, which must be ASCII.
    subscript(key: String) -> JSONValue? {
        guard case .object(let members) = self else { return nil }
        return members.first { $0.key == key }?.value
    }
}

/// A value with its place, so that an error can say where it is.
struct JSONNode {
    let value: JSONValue
    let file: String
    let path: String

    /// A member that is present and not null.
    func member(_ key: String) -> JSONNode? {
        guard let member = value[key] else { return nil }
        if case .null = member { return nil }
        return JSONNode(value: member, file: file, path: path.isEmpty ? key : path + "." + key)
    }

    func required(_ key: String) throws -> JSONNode {
        guard let member = member(key) else { throw malformed("`\(key)` is missing") }
        return member
    }

    /// `nil` where `key` is absent.
    func bool(_ key: String) throws -> Bool? {
        guard let member = member(key) else { return nil }
        guard case .bool(let flag) = member.value else { throw member.malformed("true or false expected") }
        return flag
    }

    func string() throws -> String {
        guard case .string(let text) = value else { throw malformed("a string expected") }
        return text
    }

    func tokenID() throws -> Int32 {
        guard case .number(let number) = value, let id = Int32(exactly: number), id >= 0 else {
            throw malformed("a token id expected")
        }
        guard id < TokenizerLimits.ids else { throw malformed("the id \(id) is implausibly large") }
        return id
    }

    func elements() throws -> [JSONNode] {
        guard case .array(let values) = value else { throw malformed("an array expected") }
        return values.enumerated().map { JSONNode(value: $1, file: file, path: "\(path)[\($0)]") }
    }

    func malformed(_ problem: String) -> TokenizerError {
        .malformed(file: file, field: path.isEmpty ? "the document" : path, problem: problem)
    }

    func unsupported(_ kind: String, supported: String) -> TokenizerError {
        .unsupported(file: file, field: path, kind: kind, supported: supported)
    }
}
