/// What to make of the text: recorded in the prepared corpus's manifest.
public struct CorpusOptions: Sendable, Codable, Equatable {
    /// The field of a JSON line, or the column of a table, that is the text.
    public var field = "text"
    /// Globs; see ``SourceFiles``.
    public var include: [String] = []
    public var exclude: [String] = []
    public var split = DocumentSplit.fraction(0.05)
    /// Documents with fewer, or more, Unicode scalars are left out.
    public var minimumCharacters: Int?
    public var maximumCharacters: Int?

    public init() {}

    /// - Throws: `CorpusError.badOption`, named as `winnow prepare` names it.
    public func check() throws {
        try split.check()
        if let minimumCharacters, minimumCharacters < 0 {
            throw CorpusError.badOption(name: "--min-characters", reason: "\(minimumCharacters) is negative")
        }
        if let maximumCharacters, maximumCharacters < max(1, minimumCharacters ?? 1) {
            throw CorpusError.badOption(name: "--max-characters", reason: "no document has at most \(maximumCharacters)")
        }
    }
}
