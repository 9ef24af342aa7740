/// Spans of neighbouring words lose their order; what stands between the words stays.
///
/// The topic and the words are right, the syntax is gone. `share` counts spans; a word that the shuffle leaves where an equal one
/// stood is not damaged.
public struct ShuffledSpans: TextCorruption {
    /// Words in a span.
    public let length: Int

    public init(length: Int = 8) {
        precondition(length > 1, "a span of \(length) has no order to lose")
        self.length = length
    }

    public var label: String { "shuffled spans" }
    public var summary: String { "in spans of \(length) words the words are in random order" }

    public func edits(to text: String, share: Double, random: inout CorruptionGenerator) -> [EditedText.Edit] {
        let words = TextWord.words(of: text).filter(\.isProse)
        let spans = Array(0..<words.count / length)
        let chosen = random.shuffled(spans).prefix(Int((share * Double(spans.count)).rounded()))
        return chosen.flatMap { span in
            let places = words[span * length..<(span + 1) * length]
            return zip(places, random.shuffled(places.map(\.text))).map { EditedText.Edit($0.range, $1) }
        }
    }
}
