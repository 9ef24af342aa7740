/// A kind of damage done to clean text on purpose, so that the bad tokens are known.
///
/// It works on text and not on tokens: a real page is damaged before it meets a tokenizer, and a damaged word falls into other
/// tokens than a whole one. What an edit puts into the text is bad, everything else is good.
public protocol TextCorruption: Sendable {
    /// As a report calls it: "swapped words".
    var label: String { get }
    /// One sentence: what is done.
    var summary: String { get }
    /// Damages about `share` of a text.
    ///
    /// - Parameters:
    ///   - share: 0…1, of the words that such damage can befall; each corruption says how it counts.
    ///   - random: the only source of chance.
    func edits(to text: String, share: Double, random: inout CorruptionGenerator) -> [EditedText.Edit]
}

extension TextCorruption {
    /// The damaged text.
    ///
    /// - Parameters:
    ///   - seed: with `document`, fixes every choice, so that one document's damage doesn't depend on the others.
    public func corrupt(_ text: String, share: Double, seed: UInt64, document: Int) -> EditedText {
        var random = CorruptionGenerator(seed: seed, document: document)
        return EditedText(text, edits(to: text, share: share, random: &random))
    }
}

/// The corruptions that a study can name.
public enum TextCorruptionRegistry {
    public static let corruptions: [String: any TextCorruption] = [
        "swapped-words": SwappedWords(),
        "shuffled-spans": ShuffledSpans(),
        "boilerplate": InsertedBoilerplate(),
        "ocr": OCRNoise(),
    ]

    public static var names: [String] { corruptions.keys.sorted() }

    /// - Throws: `CorpusError.unknownCorruption` with the known names.
    public static func corruption(named name: String) throws(CorpusError) -> any TextCorruption {
        guard let corruption = corruptions[name] else { throw .unknownCorruption(name, known: names) }
        return corruption
    }
}

/// The chance in a corruption: the same on every machine.
public struct CorruptionGenerator {
    private var random: SplitMix64

    public init(seed: UInt64, document: Int) { random = SplitMix64(seed: seed, stream: UInt64(document)) }

    /// A uniform number of 0 ..< `bound`.
    public mutating func below(_ bound: Int) -> Int { Int(random.next(below: UInt64(bound))) }

    /// A permutation (Fisher–Yates).
    public mutating func shuffled<Element>(_ elements: [Element]) -> [Element] {
        var elements = elements
        for last in stride(from: elements.count - 1, to: 0, by: -1) { elements.swapAt(last, below(last + 1)) }
        return elements
    }
}
