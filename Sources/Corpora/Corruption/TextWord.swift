/// A word as a corruption sees it: a run of letters and digits, with its bytes in a text.
struct TextWord: Equatable {
    var range: Range<Int>
    var text: String
    /// Of two letters or more and of nothing else: prose rather than `x`, `42` or `p2`.
    var isProse: Bool

    /// The words of a text, in order. Marks of punctuation and apostrophes part words, so that what is moved carries none of
    /// the sentence along.
    static func words(of text: String) -> [TextWord] {
        var words: [TextWord] = []
        var (start, position, current, hasDigits) = (0, 0, "", false)
        func word() -> TextWord {
            TextWord(range: start..<position, text: current, isProse: !hasDigits && current.unicodeScalars.count >= 2)
        }
        for scalar in text.unicodeScalars {
            let isDigit = scalar.properties.numericType != nil
            if isDigit || scalar.properties.isAlphabetic {
                if current.isEmpty { start = position }
                current.unicodeScalars.append(scalar)
                hasDigits = hasDigits || isDigit
            } else if !current.isEmpty {
                words.append(word())
                (current, hasDigits) = ("", false)
            }
            position += UTF8.width(scalar)
        }
        if !current.isEmpty { words.append(word()) }
        return words
    }
}
