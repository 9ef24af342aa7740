/// A pattern of file names: `*` and `?` within a name, `[a-z]` and `[!a-z]`, `**` for any number of folders.
///
/// As in `.gitignore`, a pattern without a slash matches a name anywhere in a path (`genindex*`, `_modules`), and a pattern
/// with one matches the whole path (`reference/**/index.html`). Everything below a folder that matches, matches.
public struct Glob: Sendable, Hashable {
    public let pattern: String
    private let names: [[Character]]

    public init(_ pattern: String) {
        self.pattern = pattern
        names = pattern.split(separator: "/").map { Array($0) }
    }

    /// Whether `text` has a character that means something in a pattern.
    static func isPattern(_ text: String) -> Bool { text.contains { "*?[".contains($0) } }

    /// - Parameter path: relative, its names separated by slashes.
    public func matches(_ path: String) -> Bool {
        let path = path.split(separator: "/").map { Array($0) }
        guard pattern.contains("/") else {
            return names.first.map { name in path.contains { Self.matches(name[...], $0[...]) } } ?? false
        }
        return Self.matches(names[...], path[...])
    }

    private static func matches(_ names: ArraySlice<[Character]>, _ path: ArraySlice<[Character]>) -> Bool {
        guard let name = names.first else { return true }
        if name == ["*", "*"] {
            guard names.count > 1 else { return !path.isEmpty }
            return path.indices.contains { matches(names.dropFirst(), path[$0...]) }
        }
        guard let first = path.first, matches(name[...], first[...]) else { return false }
        return matches(names.dropFirst(), path.dropFirst())
    }

    /// One name against one pattern. A star remembers where it was, so the time is at most the product of both lengths.
    private static func matches(_ pattern: ArraySlice<Character>, _ name: ArraySlice<Character>) -> Bool {
        var (pattern, name) = (pattern, name)
        var retry: (pattern: ArraySlice<Character>, name: ArraySlice<Character>)?
        while true {
            if pattern.first == "*" {
                retry = (pattern, name)
                pattern = pattern.dropFirst()
            } else if let rest = consume(pattern, name) {
                (pattern, name) = (rest, name.dropFirst())
            } else if pattern.isEmpty, name.isEmpty {
                return true
            } else if let (star, from) = retry, !from.isEmpty {
                retry = (star, from.dropFirst())
                (pattern, name) = (star.dropFirst(), from.dropFirst())
            } else {
                return false
            }
        }
    }

    /// What is left of `pattern` when its first item has taken the first character of `name`; `nil` where it does not fit.
    private static func consume(_ pattern: ArraySlice<Character>, _ name: ArraySlice<Character>) -> ArraySlice<Character>? {
        guard let item = pattern.first, let character = name.first else { return nil }
        let rest = pattern.dropFirst()
        // A bracket that opens a set; `]` closes it, unless it is the first in it.
        if item == "[", let end = rest.dropFirst(rest.first == "!" ? 2 : 1).firstIndex(of: "]") {
            let negated = rest.first == "!"
            let set = rest[rest.startIndex..<end].dropFirst(negated ? 1 : 0)
            return contains(set, character) != negated ? rest[(end + 1)...] : nil
        }
        return item == "?" || item == character ? rest : nil
    }

    private static func contains(_ set: ArraySlice<Character>, _ character: Character) -> Bool {
        var set = set
        while let low = set.first {
            if set.count > 2, set[set.startIndex + 1] == "-" {
                let high = set[set.startIndex + 2]
                if low <= character, character <= high { return true }
                set = set.dropFirst(3)
            } else {
                if low == character { return true }
                set = set.dropFirst()
            }
        }
        return false
    }
}
