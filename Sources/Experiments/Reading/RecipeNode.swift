/// Where a value was written: a line of a file, or the command line.
public struct RecipePlace: Hashable, Sendable, CustomStringConvertible {
    /// The file's name as the user gave it, or `command line`.
    public let source: String
    /// Counted from 1; nil where there are no lines.
    public let line: Int?

    public var description: String { line.map { "\(source):\($0)" } ?? source }
}

/// A YAML value that remembers where it was written.
///
/// Layers (a file, a study's arm, the command line) are merged as trees before anything is read, so every problem of
/// every layer can be reported at its own place, and a value that a later layer replaces is never complained about.
struct RecipeNode: Equatable, Sendable {
    struct Entry: Equatable, Sendable {
        let key: String
        let place: RecipePlace?
        var value: RecipeNode
    }

    enum Content: Equatable, Sendable {
        /// The text as written. A quoted one is always text; a plain one may be a number, a boolean, or nothing (`~`).
        case scalar(String, quoted: Bool)
        case sequence([RecipeNode])
        case mapping([Entry])
    }

    var content: Content
    var place: RecipePlace?

    init(content: Content, place: RecipePlace? = nil) {
        self.content = content
        self.place = place
    }

    /// A scalar as it stands: a number, a boolean, `none`.
    static func plain(_ text: String) -> RecipeNode { RecipeNode(content: .scalar(text, quoted: false)) }

    var entries: [Entry]? {
        guard case .mapping(let entries) = content else { return nil }
        return entries
    }

    subscript(key: String) -> RecipeNode? { entries?.first { $0.key == key }?.value }

    /// The value at a key path; nil where a key on the way is missing.
    subscript(path: [String]) -> RecipeNode? {
        path.reduce(self as RecipeNode?) { node, key in node?[key] }
    }

    /// Where the key and the value at a path were written.
    func places(at path: ArraySlice<String>) -> [RecipePlace?] {
        guard let key = path.first, let entry = entries?.first(where: { $0.key == key }) else { return [] }
        return path.count == 1 ? [entry.place, entry.value.place] : entry.value.places(at: path.dropFirst())
    }

    /// How a complaint names the value: `"16" in quotes`, `a list`, …
    var summary: String {
        switch content {
        case .scalar("", quoted: false): "empty"
        case .scalar(let text, quoted: false): "`\(text)`"
        case .scalar(let text, quoted: true): "the text \"\(text)\""
        case .sequence: "a list"
        case .mapping: "a section with keys of its own"
        }
    }
}

// MARK: - Layers

extension RecipeNode {
    /// Puts `value` at `path`, over whatever stands there or on the way.
    ///
    /// Where both the old and the new value are one of the recipe's sections (`sections` holds their key paths), they
    /// merge key by key. Anything else, lists and `data.validation` included, is replaced whole.
    mutating func set(_ path: ArraySlice<String>, to value: RecipeNode, sections: Set<String>, under prefix: String = "") {
        guard let key = path.first else {
            guard let new = value.entries, entries != nil, prefix.isEmpty || sections.contains(prefix) else {
                self = value
                return
            }
            for entry in new {
                set([entry.key], to: entry.value, sections: sections, under: prefix)
            }
            return
        }
        var entries = entries ?? []
        let inner = prefix.isEmpty ? key : prefix + "." + key
        if let index = entries.firstIndex(where: { $0.key == key }) {
            entries[index].value.set(path.dropFirst(), to: value, sections: sections, under: inner)
        } else {
            var child = RecipeNode(content: .mapping([]), place: value.place)
            if path.count == 1 {
                child = value
            } else {
                child.set(path.dropFirst(), to: value, sections: sections, under: inner)
            }
            entries.append(Entry(key: key, place: value.place, value: child))
        }
        content = .mapping(entries)
    }

    /// Lays a layer over this one: a mapping whose keys may be dotted paths (`selection.ratio: 0.3`).
    func overlaid(with layer: [Entry], sections: Set<String>) -> RecipeNode {
        var result = self
        for entry in layer {
            result.set(entry.key.keyPath[...], to: entry.value, sections: sections)
        }
        return result
    }
}

extension String {
    /// The keys of a dotted path: `training.seed` → `[training, seed]`.
    var keyPath: [String] { split(separator: ".", omittingEmptySubsequences: false).map(String.init) }
}
