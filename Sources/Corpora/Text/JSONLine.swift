import Foundation

/// One line of a JSON Lines file: an object, one of whose fields is the document.
struct JSONLine {
    private let fields: [String: Field]
    private let path: String
    private let line: Int

    /// A field's value, as far as it matters.
    private enum Field: Decodable {
        case string(String)
        case other

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            self = (try? container.decode(String.self)).map(Field.string) ?? .other
        }
    }

    /// - Throws: `CorpusError.badLine`, which names the line.
    init(_ bytes: [UInt8], path: String, line: Int) throws {
        (self.path, self.line) = (path, line)
        do {
            fields = try JSONDecoder().decode([String: Field].self, from: Data(bytes))
        } catch DecodingError.typeMismatch {
            throw CorpusError.badLine(path: path, line: line, reason: "not a JSON object")
        } catch {
            throw CorpusError.badLine(path: path, line: line, reason: "not valid JSON")
        }
    }

    func string(_ name: String) throws -> String {
        switch fields[name] {
        case .string(let text):
            return text
        case .other:
            throw CorpusError.badLine(path: path, line: line, reason: "the field \"\(name)\" is not a string")
        case nil:
            let names = fields.keys.sorted().joined(separator: ", ")
            throw CorpusError.badLine(
                path: path, line: line,
                reason: "no field \"\(name)\"; it has \(names.isEmpty ? "none" : names). Choose with --field")
        }
    }
}
