/// Which documents are kept, and why the others are not.
struct DocumentFilter {
    private let options: CorpusOptions
    private var seen = Set<DocumentFingerprint>()
    private(set) var leftOut = CorpusManifest.LeftOut()

    init(_ options: CorpusOptions) { self.options = options }

    /// Counts what is left out, by the first reason that applies.
    mutating func keeps(_ document: DocumentText) -> Bool {
        if document.text.utf8.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }) {
            leftOut.empty += 1
        } else if let minimum = options.minimumCharacters, document.text.unicodeScalars.count < minimum {
            leftOut.tooShort += 1
        } else if let maximum = options.maximumCharacters, document.text.unicodeScalars.count > maximum {
            leftOut.tooLong += 1
        } else if !seen.insert(document.fingerprint).inserted {
            leftOut.duplicates += 1
        } else {
            return true
        }
        return false
    }
}
