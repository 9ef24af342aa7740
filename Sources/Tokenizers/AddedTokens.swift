/// A token that is looked for in the text itself, before the model sees it.
struct AddedToken: Sendable, Hashable {
    var id: Int32
    var content: String
    /// Left out by `decode(_:skipSpecialTokens:)`.
    var isSpecial: Bool
    /// Looked for in the normalized text, not in the text as given.
    var isNormalized: Bool
    /// Takes the spaces before it, or after it, with it.
    var stripsLeft: Bool
    var stripsRight: Bool
    /// Only where no word character touches it.
    var isSingleWord: Bool

    /// Reads an element of `added_tokens`.
    init(_ node: JSONNode) throws {
        id = try node.required("id").tokenID()
        content = try node.required("content").string()
        isSpecial = try node.bool("special") ?? false
        isNormalized = try node.bool("normalized") ?? !isSpecial
        stripsLeft = try node.bool("lstrip") ?? false
        stripsRight = try node.bool("rstrip") ?? false
        isSingleWord = try node.bool("single_word") ?? false
    }
}

/// Finds added tokens in a text: of those that start leftmost, the longest, as Hugging Face's `AddedVocabulary` does.
struct AddedTokenMatcher: Sendable {
    enum Segment {
        case token(Int32)
        case text(Range<Int>)
    }

    private struct Node {
        var children: [(byte: UInt8, node: Int)] = []
        /// The token that ends here.
        var token: Int?
    }

    private let tokens: [AddedToken]
    private let nodes: [Node]
    /// Whether a token starts with a byte.
    private let starts: [Bool]

    /// - Parameter texts: what to look for, token by token: the content, normalized where the token asks for it.
    init(_ tokens: [AddedToken], texts: [[UInt8]]) {
        var nodes = [Node()]
        var starts = [Bool](repeating: false, count: 256)
        for (index, text) in texts.enumerated() where !text.isEmpty {
            starts[Int(text[0])] = true
            var place = 0
            for byte in text {
                if let child = nodes[place].children.first(where: { $0.byte == byte }) {
                    place = child.node
                } else {
                    nodes[place].children.append((byte, nodes.count))
                    place = nodes.count
                    nodes.append(Node())
                }
            }
            nodes[place].token = index
        }
        (self.tokens, self.nodes, self.starts) = (tokens, nodes, starts)
    }

    /// Calls `body` with the tokens in `text` and the text between them, in order. Empty texts are left out.
    func forEachSegment(in text: UnsafeBufferPointer<UInt8>, _ body: (Segment) -> Void) {
        var done = 0
        var index = 0
        // The spaces looked at last, so that a run of them is walked through once, however many tokens stand in it.
        var spaces = 0..<0
        while let (found, match) = nextMatch(in: text, from: index) {
            index = match.upperBound
            let token = tokens[found]
            if token.isSingleWord,
                WordCharacter.ends(text[..<match.lowerBound]) || WordCharacter.starts(text[match.upperBound...])
            {
                continue
            }
            var (start, end) = (match.lowerBound, match.upperBound)
            if token.stripsLeft, done < start { start = WordCharacter.startOfTrailingSpace(text[done..<start]) }
            if token.stripsRight {
                if !(spaces.lowerBound...spaces.upperBound).contains(end) {
                    spaces = end..<WordCharacter.endOfLeadingSpace(text[end...])
                }
                end = spaces.upperBound
            }
            if done < start { body(.text(done..<start)) }
            body(.token(token.id))
            done = end
        }
        if done < text.count { body(.text(done..<text.count)) }
    }

    private func nextMatch(in text: UnsafeBufferPointer<UInt8>, from start: Int) -> (token: Int, range: Range<Int>)? {
        guard nodes.count > 1 else { return nil }
        return starts.withUnsafeBufferPointer { starts in
            var start = start
            while start < text.count {
                if starts[Int(text[start])], let match = longestMatch(in: text, at: start) { return match }
                start += 1
            }
            return nil
        }
    }

    private func longestMatch(in text: UnsafeBufferPointer<UInt8>, at start: Int) -> (token: Int, range: Range<Int>)? {
        var longest: (token: Int, range: Range<Int>)?
        var (place, index) = (0, start)
        while index < text.count, let child = nodes[place].children.first(where: { $0.byte == text[index] }) {
            (place, index) = (child.node, index + 1)
            if let token = nodes[place].token { longest = (token, start..<index) }
        }
        return longest
    }
}
