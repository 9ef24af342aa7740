/// The places in a text that no merge can cross, so that a model without a pre-tokenizer may work word by word.
///
/// Llama 2's BPE sees a whole document as one word. A merge joins the last character of its left token with the first of its right
/// one; where no merge of the model joins two neighbouring characters, the symbols on either side never meet, whatever
/// else is merged, and the text can be cut there with the same result. In practice that is before every `▁` that follows a letter, and
/// around line breaks. ASCII and `▁` are told apart; all other characters count as one kind, which only cuts less.
final class MergeBoundaries: Sendable {
    private static let kinds = 130
    private static let metaspaceKind = 128
    private static let otherKind = 129

    /// Whether some merge joins kind `a` with kind `b`, at `a * kinds + b`.
    private let joins: [Bool]

    /// - Parameter merges: the texts of the left and the right token of every merge; where one is a byte token, no cut is safe.
    init(_ merges: some Sequence<(left: String, right: String)>) {
        var joins = [Bool](repeating: false, count: Self.kinds * Self.kinds)
        for merge in merges {
            guard let last = merge.left.unicodeScalars.last, let first = merge.right.unicodeScalars.first else { continue }
            joins[Self.kind(last) * Self.kinds + Self.kind(first)] = true
        }
        self.joins = joins
    }

    private static func kind(_ scalar: Unicode.Scalar) -> Int {
        scalar.value < 0x80 ? Int(scalar.value) : scalar == "▁" ? metaspaceKind : otherKind
    }

    /// Where the part ends that starts at `start < limit` and that can be merged by itself.
    func end(in text: UnsafeBufferPointer<UInt8>, from start: Int, limit: Int) -> Int {
        joins.withUnsafeBufferPointer { joins in
            var (kind, length) = Self.kind(in: text, at: start)
            var index = start + length
            while index < limit {
                let previous = kind
                (kind, length) = Self.kind(in: text, at: index)
                if !joins[previous * Self.kinds + kind] { break }
                index += length
            }
            return index
        }
    }

    @inline(__always)
    private static func kind(in text: UnsafeBufferPointer<UInt8>, at index: Int) -> (kind: Int, length: Int) {
        let first = text[index]
        if first < 0x80 { return (Int(first), 1) }
        if first < 0xE0 { return (otherKind, 2) }
        if first >= 0xF0 { return (otherKind, 4) }
        let isMetaspace = first == 0xE2 && text[index + 1] == 0x96 && text[index + 2] == 0x81
        return (isMetaspace ? metaspaceKind : otherKind, 3)
    }
}
