// A batch of documents on its way through the stages. Every rank knows the names and the facts of all its documents, and has the text
// and the tokens of those whose turn is its own.

/// As text.
struct TextBatch: Sendable {
    struct Document: Sendable {
        var text: String
        var facts: DocumentFacts
    }

    private var names: [String] = []
    private var own: [Document] = []

    init() {}

    init(_ documents: [RawDocument], field: String, of ranks: any PreparationRanks) async throws {
        names = documents.map(\.name)
        let turns = documents.indices.filter { ranks.owner(of: $0) == ranks.rank }
        own = try await orderedMap(turns.map { documents[$0] }) { document in
            let (text, isRepaired) = try document.text(field: field)
            return Document(
                text: text, facts: DocumentFacts(text, fingerprint: DocumentFingerprint(text), isRepaired: isRepaired))
        }
    }

    var isEmpty: Bool { names.isEmpty }

    /// Without what the filter leaves out, which is the same on every rank.
    func kept(by filter: inout DocumentFilter, among ranks: any PreparationRanks) throws -> KeptBatch {
        var kept = KeptBatch()
        for (place, facts) in try facts(among: ranks).enumerated() where filter.keeps(facts) {
            let owner = ranks.owner(of: place)
            kept.documents.append(KeptBatch.Document(name: names[place], facts: facts, owner: owner))
            if owner == ranks.rank { kept.ownTexts.append(own[place / ranks.count].text) }
        }
        return kept
    }

    /// Every rank's, in the batch's order.
    private func facts(among ranks: any PreparationRanks) throws -> [DocumentFacts] {
        guard ranks.count > 1, !isEmpty else { return own.map(\.facts) }
        let width = DocumentFacts.wordCount
        var words = [Int](repeating: 0, count: names.count * width)
        for (place, document) in own.enumerated() {
            let start = (place * ranks.count + ranks.rank) * width
            words.replaceSubrange(start..<start + width, with: document.facts.words)
        }
        words = try ranks.sum(words)
        return names.indices.map { DocumentFacts(words: words[$0 * width..<($0 + 1) * width]) }
    }
}

/// What the filter kept of it.
struct KeptBatch: Sendable {
    struct Document: Sendable {
        var name: String
        var facts: DocumentFacts
        /// The rank that has its text.
        var owner: Int
    }

    var documents: [Document] = []
    var ownTexts: [String] = []
}

/// As tokens.
struct EncodedBatch: Sendable {
    private var documents: [KeptBatch.Document] = []
    private var ownTokens: [[Int32]] = []

    init() {}

    init(_ kept: KeptBatch, by encoder: any TextEncoder) async throws {
        documents = kept.documents
        ownTokens = try await orderedMap(kept.ownTexts) { [encoder] in encoder.encode($0) }
    }

    var isEmpty: Bool { documents.isEmpty }

    /// All of them, in order, at rank 0; none on the others.
    func documents(from ranks: any PreparationRanks) throws -> [EncodedDocument] {
        guard ranks.count > 1, !isEmpty else { return zip(documents, ownTokens).map(EncodedDocument.init(_:tokens:)) }
        var messages = try ranks.gather(TokenMessage(ownTokens).bytes).map(TokenMessage.init(bytes:))
        guard ranks.rank == 0 else { return [] }
        return documents.map { EncodedDocument($0, tokens: messages[$0.owner].next()) }
    }
}

/// A document's tokens, and what is kept of its text.
struct EncodedDocument: Sendable {
    var name: String
    var facts: DocumentFacts
    var tokens: [Int32]

    init(_ document: KeptBatch.Document, tokens: [Int32]) {
        (name, facts, self.tokens) = (document.name, document.facts, tokens)
    }
}
