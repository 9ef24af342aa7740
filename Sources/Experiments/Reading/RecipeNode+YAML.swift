import Foundation
import Yams

// MARK: - Reading

extension RecipeNode {
    /// Parses one YAML document; an empty one is an empty mapping.
    ///
    /// - Parameter source: what to call the text in a complaint, usually the file's name.
    /// - Throws: `RecipeError` with the one problem the parser stopped at.
    init(yaml: String, source: String) throws(RecipeError) {
        func refused(_ message: String, fix: String) -> RecipeError {
            RecipeError([RecipeProblem("", at: RecipePlace(source: source, line: nil), message, fix: fix)])
        }
        // Before Yams sees it: an alias of aliases grows with the power of their number, and Yams hashes every key.
        guard yaml.utf8.count <= Self.mostBytes else {
            throw refused("has \(yaml.utf8.count) bytes, at most \(Self.mostBytes) are read", fix: "is it a recipe?")
        }
        guard Self.aliasCount(in: yaml) <= Self.mostAliases else {
            throw refused("has more than \(Self.mostAliases) aliases (`*name`)", fix: "write some of the values out")
        }
        do {
            let root = try Yams.compose(yaml: yaml)
            var room = Self.mostNodes
            self = try root.map { try RecipeNode($0, source: source, room: &room, depth: 0) } ?? RecipeNode(content: .mapping([]))
        } catch let error as YamlError {
            throw RecipeError([error.problem(in: source)])
        } catch is TooLarge {
            throw refused(
                "has more than \(Self.mostNodes) values, or more than \(Self.mostLevels) within each other",
                fix: "write fewer, or fewer aliases")
        } catch {
            throw refused("\(error)", fix: "make it YAML")
        }
    }

    private static let mostBytes = 64 << 10
    private static let mostAliases = 8
    private static let mostNodes = 20_000
    private static let mostLevels = 32

    private struct TooLarge: Error {}

    /// As many aliases as a text can have: stars with a word behind them and none before, outside of comment lines.
    private static func aliasCount(in yaml: String) -> Int {
        // The last three end U+0085, U+2028 and U+2029, which libyaml takes for line ends.
        let lineEnds: Set<UInt8> = [0x0A, 0x0D, 0x85, 0xA8, 0xA9]
        func isWord(_ byte: UInt8) -> Bool { 0x30...0x39 ~= byte || 0x41...0x5A ~= byte & 0xDF }
        return yaml.utf8.split(whereSeparator: lineEnds.contains).reduce(0) { count, line in
            guard line.first(where: { $0 != 0x20 && $0 != 0x09 }) != UInt8(ascii: "#") else { return count }
            let bytes = [0x20] + line + [0x20]
            return count
                + (1..<bytes.count - 1).count { index in
                    bytes[index] == UInt8(ascii: "*") && !isWord(bytes[index - 1])
                        && (isWord(bytes[index + 1]) || [0x2D, 0x5F].contains(bytes[index + 1]))
                }
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

    /// - Parameter room: how many more values there may be.
    private init(_ node: Yams.Node, source: String, room: inout Int, depth: Int) throws(TooLarge) {
        room -= 1
        guard room >= 0, depth < Self.mostLevels else { throw TooLarge() }
        let place = RecipePlace(source: source, line: node.mark?.line)
        switch node {
        case .scalar(let scalar):
            let plain = scalar.style == .plain || scalar.style == .any
            self.init(content: .scalar(scalar.string, quoted: !plain), place: place)
        case .sequence(let sequence):
            var items: [RecipeNode] = []
            for item in sequence { items.append(try RecipeNode(item, source: source, room: &room, depth: depth + 1)) }
            self.init(content: .sequence(items), place: place)
        case .mapping(let mapping):
            var entries: [Entry] = []
            for (key, value) in mapping {
                let value = try RecipeNode(value, source: source, room: &room, depth: depth + 1)
                let place = RecipePlace(source: source, line: key.mark?.line)
                entries.append(Entry(key: key.scalar?.string ?? "?", place: place, value: value))
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
