/// Pairs of words exchange their places, anywhere in the document.
///
/// The words are the document's own, so their frequencies stay; only their places are wrong. `share` counts words of two letters
/// or more; numbers and one-letter names are left alone.
public struct SwappedWords: TextCorruption {
    public init() {}

    public var label: String { "swapped words" }
    public var summary: String { "pairs of words of a document have exchanged their places" }

    public func edits(to text: String, share: Double, random: inout CorruptionGenerator) -> [EditedText.Edit] {
        let words = TextWord.words(of: text).filter(\.isProse)
        let count = Int((share * Double(words.count) / 2).rounded())
        var drawn = random.shuffled(words)[...]
        var edits: [EditedText.Edit] = []
        while edits.count < 2 * count, let word = drawn.popFirst() {
            // Two of the same word can't be told apart after the exchange.
            guard let other = drawn.firstIndex(where: { $0.text != word.text }) else { break }
            edits.append(EditedText.Edit(word.range, drawn[other].text))
            edits.append(EditedText.Edit(drawn[other].range, word.text))
            drawn.remove(at: other)
        }
        return edits
    }
}
