/// How a text is cut into the words that the model merges within.
struct PreTokenizer: Sendable {
    /// What happens to the text before it is cut.
    private(set) var rewrites: [TextRewrite] = []
    /// Each cuts the pieces of the one before; to it a piece is a whole text.
    var splitters: [Splitter] = []
    /// Whether words go to the model as bytes, in GPT-2's alphabet.
    private(set) var isByteLevel = false

    enum Splitter: Sendable {
        /// Numeric characters, each by itself or in runs, apart from the text between them.
        case digits(individually: Bool)
        case pattern(WordPattern)
        /// Before every `▁` (the UTF-8 of it, or of another replacement character).
        case before([UInt8])
        /// After every occurrence of these bytes.
        case after([UInt8])
        case mergeBoundaries(MergeBoundaries)

        /// Where the piece ends that starts at `start < limit`.
        @inline(__always)
        func end(in text: UnsafeBufferPointer<UInt8>, from start: Int, limit: Int, table: CharacterClassTable) -> Int {
            switch self {
            case .digits(let individually):
                let (first, length) = table.character(of: text, at: start)
                if first.contains(.digit) {
                    return individually ? start + length : table.endOfRun(of: .digit, in: text, from: start, limit: limit)
                }
                var index = start + length
                while index < limit {
                    let (next, length) = table.character(of: text, at: index)
                    if next.contains(.digit) { break }
                    index += length
                }
                return index
            case .pattern(let pattern):
                return pattern.end(in: text, from: start, limit: limit, table: table)
            case .before(let mark):
                var index = start + 1
                while index < limit, text[index] != mark[0] || !text[index..<limit].starts(with: mark) { index += 1 }
                return index
            case .after(let mark):
                var index = start
                while index < limit, text[index] != mark[0] || !text[index..<limit].starts(with: mark) { index += 1 }
                return min(index + mark.count, limit)
            case .mergeBoundaries(let boundaries):
                return boundaries.end(in: text, from: start, limit: limit)
            }
        }
    }

    init() {}

    /// Reads a `pre_tokenizer`.
    init(_ node: JSONNode) throws {
        try append(node)
        try rewrites.check(node)
        guard splitters.count <= TokenizerLimits.steps else { throw node.malformed("more than \(TokenizerLimits.steps) steps") }
        for splitter in splitters {
            switch splitter {
            case .before(let mark), .after(let mark):
                guard (1...TokenizerLimits.patternBytes).contains(mark.count) else {
                    throw node.malformed("a mark of \(mark.count) bytes to split at")
                }
            case .digits, .pattern, .mergeBoundaries: break
            }
        }
    }

    private mutating func append(_ node: JSONNode) throws {
        let kind = try node.required("type").string()
        switch kind {
        case "Sequence":
            for element in try node.required("pretokenizers").elements() { try append(element) }
        case "Digits":
            splitters.append(.digits(individually: try node.bool("individual_digits") ?? false))
        case "Split":
            splitters.append(try Self.splitter(ofSplit: node))
        case "ByteLevel":
            if try node.bool("add_prefix_space") ?? true { try rewrite(.prependOnce(Array(" ".utf8), firstOnly: false), node) }
            if try node.bool("use_regex") ?? true { splitters.append(.pattern(.gpt2)) }
            isByteLevel = true
        case "Metaspace":
            try appendMetaspace(node)
        default:
            throw node.unsupported(kind, supported: "Sequence, Digits, Split, ByteLevel, Metaspace")
        }
    }

    private static func splitter(ofSplit node: JSONNode) throws -> Splitter {
        let (behavior, pattern) = (try node.required("behavior").string(), try node.required("pattern"))
        let text = try pattern.member("String")?.string()
        guard try node.bool("invert") != true, behavior == (text == nil ? "Isolated" : "MergedWithPrevious") else {
            throw node.unsupported(
                "Split with behavior \(behavior)", supported: "Isolated at a Regex, MergedWithPrevious at a String, not inverted")
        }
        if let text {
            guard !text.isEmpty else { throw pattern.malformed("a pattern that is not empty expected") }
            return .after(Array(text.utf8))
        }
        guard let expression = try pattern.member("Regex")?.string(), let known = WordPattern(expression: expression) else {
            throw pattern.unsupported("this pattern", supported: "the regular expressions of GPT-2, Llama 3 and Qwen 2")
        }
        return .pattern(known)
    }

    private mutating func appendMetaspace(_ node: JSONNode) throws {
        let mark = Array(try node.required("replacement").string().utf8)
        try rewrite(.replace(Array(" ".utf8), with: mark), node)
        // Files written before `prepend_scheme` was have `add_prefix_space`.
        let scheme = try node.member("prepend_scheme")?.string() ?? (node.bool("add_prefix_space") == false ? "never" : "always")
        switch scheme {
        case "always", "first": try rewrite(.prependOnce(mark, firstOnly: scheme == "first"), node)
        case "never": break
        default: throw node.unsupported("prepend_scheme \(scheme)", supported: "always, first, never")
        }
        if try node.bool("split") ?? true { splitters.append(.before(mark)) }
    }

    private mutating func rewrite(_ rewrite: TextRewrite, _ node: JSONNode) throws {
        guard splitters.isEmpty else {
            throw node.unsupported(
                "a pre-tokenizer that changes text already split", supported: "it as the first of the Sequence")
        }
        rewrites.append(rewrite)
    }
}

/// Walks over the words of one text.
struct WordCursor {
    private let text: UnsafeBufferPointer<UInt8>
    private let splitters: [PreTokenizer.Splitter]
    private let table = CharacterClassTable.shared
    /// Where the current piece of each splitter ends, the outermost first.
    private var ends: [Int]
    private var position = 0

    init(_ text: UnsafeBufferPointer<UInt8>, _ splitters: [PreTokenizer.Splitter]) {
        (self.text, self.splitters) = (text, splitters)
        ends = [Int](repeating: 0, count: splitters.count)
    }

    /// The next word, `nil` at the end of the text.
    @inline(__always)
    mutating func next() -> UnsafeBufferPointer<UInt8>? {
        guard position < text.count else { return nil }
        var limit = text.count
        for index in ends.indices {
            if ends[index] == position {
                ends[index] = splitters[index].end(in: text, from: position, limit: limit, table: table)
            }
            limit = ends[index]
        }
        defer { position = limit }
        return UnsafeBufferPointer(rebasing: text[position..<limit])
    }
}
