/// Words are misread as a scanner's software misreads them: letters taken for others of the same shape, and lost spaces.
///
/// The whole misread word is bad, and both words where the space between them is lost: a tokenizer cuts a misread word into other
/// pieces than the word, so that none of them is what stood there. `share` counts words of letters and digits; those that hold
/// nothing to misread are passed over.
public struct OCRNoise: TextCorruption {
    public init() {}

    public var label: String { "OCR noise" }
    public var summary: String { "words are misread as by OCR (rn for m, 1 for l, 0 for O, lost spaces)" }

    /// One in so many misreadings is a lost space, where there is one to lose.
    private static let lostSpaceInterval = 5

    /// What is read, and what for. Both ways for most; longer shapes come first, so that `rn` is taken whole.
    static let confusions: [(shape: String, misread: String)] = [
        ("rn", "m"), ("cl", "d"), ("vv", "w"), ("li", "h"), ("ii", "u"), ("fi", "h"),
        ("m", "rn"), ("d", "cl"), ("w", "vv"), ("h", "li"), ("l", "1"), ("I", "l"), ("i", "l"), ("1", "l"), ("O", "0"),
        ("o", "0"), ("0", "O"), ("e", "c"), ("c", "e"), ("b", "h"), ("S", "5"), ("5", "S"), ("B", "8"), ("8", "B"), ("t", "f"),
        ("n", "ri"), ("u", "ii"), ("a", "o"), ("g", "q"), ("Z", "2"), ("2", "Z"),
    ]

    public func edits(to text: String, share: Double, random: inout CorruptionGenerator) -> [EditedText.Edit] {
        let bytes = Array(text.utf8)
        let words = TextWord.words(of: text)
        let wanted = Int((share * Double(words.count)).rounded())
        var isTaken = [Bool](repeating: false, count: words.count)
        var taken = 0
        var edits: [EditedText.Edit] = []
        for index in random.shuffled(Array(words.indices)) where taken < wanted && !isTaken[index] {
            let word = words[index]
            if random.below(Self.lostSpaceInterval) == 0, index + 1 < words.count, !isTaken[index + 1] {
                let next = words[index + 1]
                if next.range.lowerBound == word.range.upperBound + 1, bytes[word.range.upperBound] == UInt8(ascii: " ") {
                    edits.append(EditedText.Edit(word.range.lowerBound..<next.range.upperBound, word.text + next.text))
                    (isTaken[index], isTaken[index + 1], taken) = (true, true, taken + 2)
                    continue
                }
            }
            guard let misread = Self.misread(word.text, random: &random) else { continue }
            edits.append(EditedText.Edit(word.range, misread))
            (isTaken[index], taken) = (true, taken + 1)
        }
        return edits
    }

    /// The word with one shape in it, drawn among all, misread; `nil` where it holds none.
    private static func misread(_ word: String, random: inout CorruptionGenerator) -> String? {
        let places = confusions.flatMap { confusion in
            word.ranges(of: confusion.shape).map { (range: $0, misread: confusion.misread) }
        }
        guard !places.isEmpty else { return nil }
        let place = places[random.below(places.count)]
        var misread = word
        misread.replaceSubrange(place.range, with: place.misread)
        return misread
    }
}
