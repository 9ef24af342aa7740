/// A text and what was done to it: replacements whose places are known, so that what was damaged can be found and undone.
public struct EditedText: Sendable, Equatable {
    /// One replacement of a stretch of the original's UTF-8.
    public struct Edit: Sendable, Equatable {
        /// Bytes of the original. Empty inserts.
        public var range: Range<Int>
        public var replacement: String

        public init(_ range: Range<Int>, _ replacement: String) { (self.range, self.replacement) = (range, replacement) }
    }

    public let original: String
    /// Ascending and apart from each other.
    public let edits: [Edit]
    /// What the edits made of the original.
    public let text: String
    /// The bytes of `text` that the edits put there, one range an edit.
    public let replaced: [Range<Int>]

    /// - Parameter edits: in any order; those that change nothing are left out.
    public init(_ original: String, _ edits: [Edit]) {
        let bytes = Array(original.utf8)
        let edits = edits.filter { !bytes[$0.range].elementsEqual($0.replacement.utf8) }.sorted {
            ($0.range.lowerBound, $0.range.upperBound) < ($1.range.lowerBound, $1.range.upperBound)
        }
        var result: [UInt8] = []
        var replaced: [Range<Int>] = []
        var position = 0
        for edit in edits {
            precondition(edit.range.lowerBound >= position, "edits at byte \(edit.range.lowerBound) overlap")
            result += bytes[position..<edit.range.lowerBound]
            replaced.append(result.count..<result.count + edit.replacement.utf8.count)
            result += edit.replacement.utf8
            position = edit.range.upperBound
        }
        result += bytes[position...]
        (self.original, self.edits, self.replaced) = (original, edits, replaced)
        text = String(decoding: result, as: UTF8.self)
    }
}
