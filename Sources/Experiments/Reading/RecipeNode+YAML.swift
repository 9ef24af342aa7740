import Foundation
import Yams

// MARK: - Reading

extension RecipeNode {
    /// Parses one YAML document; an empty one is an empty mapping.
    ///
    /// - Parameter source: what to call the text in a complaint, usually the file's name.
    /// - Throws: `RecipeError` with the one problem the parser stopped at.
    init(yaml: String, source: String) throws(RecipeError) {
        do {
            let root = try Yams.compose(yaml: yaml)
            self = root.map { RecipeNode($0, source: source) } ?? RecipeNode(content: .mapping([]))
        } catch let error as YamlError {
            throw RecipeError([error.problem(in: source)])
        } catch {
            throw RecipeError([RecipeProblem("", at: RecipePlace(source: source, line: nil), "\(error)", fix: "make it YAML")])
        }
    }

    /// Parses `key.path=value`, the value as YAML, into one entry of a layer.
    static func override(_ text: String) throws(RecipeError) -> Entry {
        let place = RecipePlace(source: "command line", line: nil)
        guard let equals = text.firstIndex(of: "="), equals > text.startIndex else {
            throw RecipeError([
                RecipeProblem(
                    "", at: place, "`\(text)` is not an override", fix: "write key.path=value, as in training.tokens=5000")
            ])
        }
        let key = String(text[..<equals])
        let written = String(text[text.index(after: equals)...])
        guard var value = try? RecipeNode(yaml: written, source: place.source) else {
            throw RecipeError([
                RecipeProblem(key, at: place, "`\(written)` is not a YAML value", fix: "quote it: \(key)='\"…\"'")
            ])
        }
        if written.allSatisfy(\.isWhitespace) { value = .plain("") }
        return Entry(key: key, place: place, value: value.placed(at: place))
    }

    private init(_ node: Yams.Node, source: String) {
        let place = RecipePlace(source: source, line: node.mark?.line)
        switch node {
        case .scalar(let scalar):
            let plain = scalar.style == .plain || scalar.style == .any
            self.init(content: .scalar(scalar.string, quoted: !plain), place: place)
        case .sequence(let sequence):
            self.init(content: .sequence(sequence.map { RecipeNode($0, source: source) }), place: place)
        case .mapping(let mapping):
            let entries = mapping.map { key, value in
                Entry(
                    key: key.scalar?.string ?? "?", place: RecipePlace(source: source, line: key.mark?.line),
                    value: RecipeNode(value, source: source))
            }
            self.init(content: .mapping(entries), place: place)
        case .alias(let alias):
            // Yams resolves aliases while composing; one that is left names an anchor that does not exist.
            self.init(content: .scalar("*\(alias.anchor.rawValue)", quoted: false), place: place)
        }
    }

    private func placed(at place: RecipePlace) -> RecipeNode {
        switch content {
        case .scalar: RecipeNode(content: content, place: place)
        case .sequence(let items): RecipeNode(content: .sequence(items.map { $0.placed(at: place) }), place: place)
        case .mapping(let entries):
            RecipeNode(
                content: .mapping(entries.map { Entry(key: $0.key, place: place, value: $0.value.placed(at: place)) }),
                place: place)
        }
    }
}

extension YamlError {
    fileprivate func problem(in source: String) -> RecipeProblem {
        let (line, message): (Int?, String) =
            switch self {
            case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
                .composer(_, let problem, let mark, _):
                (mark.line, "is not YAML: \(problem)")
            case .duplicatedKeysInMapping(let duplicates, let context):
                (context.mark.line, "the section that starts here gives \(duplicates.sorted().joined(separator: ", ")) twice")
            default: (nil, "is not YAML: \(description)")
            }
        let fix =
            if case .duplicatedKeysInMapping = self { "keep one of them" } else {
                "mind the indentation, the colons and the quotes"
            }
        return RecipeProblem("", at: RecipePlace(source: source, line: line), message, fix: fix)
    }
}

// MARK: - Writing

extension RecipeNode {
    /// The canonical YAML: sections indented by two, lists on one line, a scalar quoted only where it must be.
    ///
    /// It is written here and not by Yams because its bytes are hashed: they must not change with a library's version.
    var yaml: String {
        var lines: [String] = []
        append(to: &lines, indent: "")
        return lines.joined(separator: "\n") + "\n"
    }

    /// Text, quoted unless any YAML reader, 1.1 or 1.2, takes the bare letters for the same text.
    static func text(_ text: String) -> RecipeNode {
        let word = /[A-Za-z_][A-Za-z0-9_.\/+-]*|\.{0,2}\/[A-Za-z0-9_.\/+-]*/
        let reserved: Set = ["y", "yes", "n", "no", "true", "false", "on", "off", "null"]
        let bare = text.wholeMatch(of: word) != nil && !reserved.contains(text.lowercased())
        return RecipeNode(content: .scalar(text, quoted: !bare))
    }

    private func append(to lines: inout [String], indent: String) {
        for entry in entries ?? [] {
            let key = indent + RecipeNode.text(entry.key).inline + ":"
            if let inner = entry.value.entries, !inner.isEmpty {
                lines.append(key)
                entry.value.append(to: &lines, indent: indent + "  ")
            } else {
                lines.append(key + " " + entry.value.inline)
            }
        }
    }

    private var inline: String {
        switch content {
        case .scalar(let text, quoted: false): text
        case .scalar(let text, quoted: true): RecipeNode.quoted(text)
        case .sequence(let items): "[" + items.map(\.inline).joined(separator: ", ") + "]"
        case .mapping(let entries):
            "{" + entries.map { "\(RecipeNode.text($0.key).inline): \($0.value.inline)" }.joined(separator: ", ") + "}"
        }
    }

    /// JSON's quotes, which YAML's double quotes include.
    private static func quoted(_ text: String) -> String {
        let escaped = text.unicodeScalars.map { scalar -> String in
            switch scalar {
            case "\"": "\\\""
            case "\\": "\\\\"
            case "\n": "\\n"
            case "\t": "\\t"
            case _ where scalar.properties.generalCategory == .control: String(format: "\\u%04X", scalar.value)
            default: String(scalar)
            }
        }
        return "\"" + escaped.joined() + "\""
    }
}
