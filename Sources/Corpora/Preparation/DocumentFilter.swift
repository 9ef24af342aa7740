/// Which documents are kept, and why the others are not.
struct DocumentFilter {
    private let options: CorpusOptions
    private var seen = Set<DocumentFingerprint>()
    private(set) var leftOut = CorpusManifest.LeftOut()

    init(_ options: CorpusOptions) { self.options = options }

    /// Counts what is left out, by the first reason that applies.
    mutating func keeps(_ document: DocumentFacts) -> Bool {
        if document.isBlank {
            leftOut.empty += 1
        } else if let minimum = options.minimumCharacters, document.characters < minimum {
            leftOut.tooShort += 1
        } else if let maximum = options.maximumCharacters, document.characters > maximum {
            leftOut.tooLong += 1
        } else if !seen.insert(document.fingerprint).inserted {
            leftOut.duplicates += 1
        } else {
            return true
        }
        return false
    }
}
