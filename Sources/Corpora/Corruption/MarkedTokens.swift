/// The tokens of a marked text, each marked in its turn.
///
/// A token is bad where *any* of its bytes is, so that a bad word is bad with the space that its first token carries. A token after
/// a bad one is good: its own text is what the writer wrote. Its loss is raised all the same, for the model has read damaged text,
/// and a score that takes it for bad is charged with a false alarm: training on it would have been right.
public struct MarkedTokens: Sendable, Equatable {
    public enum Mark: UInt8, Sendable { case good, bad, context }

    public private(set) var tokens: [Int32] = []
    public private(set) var marks: [Mark] = []

    public init() {}

    /// - Returns: `nil` where the tokens don't spell the text, as where a tokenizer drops or rewrites characters: then a token's
    ///   place in the text isn't known.
    public init?(_ text: MarkedText, encoder: some TextEncoder) {
        tokens = encoder.encode(text.text)
        let counts = encoder.byteCounts(of: tokens)
        let decoded = encoder.decode(tokens)
        // Some tokenizers put a space before every text.
        let prefix = decoded.utf8.count - text.text.utf8.count
        guard prefix == 0 || prefix == 1 && decoded.utf8.first == UInt8(ascii: " "),
            decoded.utf8.dropFirst(prefix).elementsEqual(text.text.utf8), counts.reduce(0, +) == decoded.utf8.count
        else { return nil }
        var (bad, context) = (RangeCursor(text.bad), RangeCursor(text.context))
        var end = -prefix
        marks = counts.map { count in
            let bytes = end..<end + count
            end += count
            return bad.touches(bytes) ? .bad : context.touches(bytes) ? .context : .good
        }
    }

    public mutating func append(_ other: MarkedTokens) {
        tokens += other.tokens
        marks += other.marks
    }

    public mutating func append(_ token: Int32, _ mark: Mark) {
        tokens.append(token)
        marks.append(mark)
    }
}

/// Asks ascending ranges about ascending bytes.
private struct RangeCursor {
    private var ranges: ArraySlice<Range<Int>>

    init(_ ranges: [Range<Int>]) { self.ranges = ranges[...] }

    mutating func touches(_ bytes: Range<Int>) -> Bool {
        while let first = ranges.first, first.upperBound <= bytes.lowerBound { ranges.removeFirst() }
        return ranges.first.map { $0.overlaps(bytes) } ?? false
    }
}
