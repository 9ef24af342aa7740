/// What decides whether a document is kept, and where it goes: all that ranks need to know of each other's documents.
struct DocumentFacts: Sendable {
    var fingerprint: DocumentFingerprint
    var characters: Int
    var textBytes: Int
    var isBlank: Bool
    var isRepaired: Bool

    init(_ text: String, fingerprint: DocumentFingerprint, isRepaired: Bool) {
        (self.fingerprint, self.isRepaired) = (fingerprint, isRepaired)
        var text = text
        (characters, textBytes, isBlank) = text.withUTF8 { bytes in
            // A character's first byte is none of 10xxxxxx.
            (
                bytes.reduce(0) { $0 &+ ($1 & 0xC0 == 0x80 ? 0 : 1) }, bytes.count,
                bytes.allSatisfy { $0 == 0x20 || (0x09...0x0D).contains($0) }
            )
        }
    }

    // MARK: As integers

    static let wordCount = 5

    var words: [Int] {
        [
            Int(bitPattern: UInt(fingerprint.high)), Int(bitPattern: UInt(fingerprint.low)), characters, textBytes,
            (isBlank ? 1 : 0) + (isRepaired ? 2 : 0),
        ]
    }

    init(words: ArraySlice<Int>) {
        let words = Array(words)
        fingerprint = DocumentFingerprint(
            high: UInt64(UInt(bitPattern: words[0])), low: UInt64(UInt(bitPattern: words[1])))
        (characters, textBytes) = (words[2], words[3])
        (isBlank, isRepaired) = (words[4] & 1 > 0, words[4] & 2 > 0)
    }
}
