import Foundation

/// Divides documents into splits and writes them, in order.
actor CorpusWriter {
    private let split: DocumentSplit
    private let train: SplitWriter
    private let validation: SplitWriter
    /// Documents written in which bytes that are not UTF-8 were replaced.
    private(set) var repaired = 0
    /// Documents of which the tokenizer made nothing; they are not written.
    private(set) var withoutTokens = 0

    init(_ folder: URL, split: DocumentSplit, vocabularySize: Int, tokenizerHash: [UInt8], shardTokens: Int) throws {
        func writer(_ name: String) throws -> SplitWriter {
            try SplitWriter(
                name, in: folder, vocabularySize: vocabularySize, tokenizerHash: tokenizerHash, shardTokens: shardTokens)
        }
        self.split = split
        train = try writer("train")
        validation = try writer("validation")
    }

    var documentCount: Int { train.documentCount + validation.documentCount }
    var tokenCount: Int { train.tokenCount + validation.tokenCount }

    func append(_ documents: [EncodedDocument]) throws {
        for document in documents {
            guard !document.tokens.isEmpty else {
                withoutTokens += 1
                continue
            }
            let heldOut = split.holdsOut(number: documentCount + 1, fingerprint: document.facts.fingerprint)
            try (heldOut ? validation : train).append(
                name: document.name, tokens: document.tokens, textBytes: document.facts.textBytes)
            if document.facts.isRepaired { repaired += 1 }
        }
    }

    /// - Parameter leftOut: says why, where nothing is left for training.
    func finish(leftOut: CorpusManifest.LeftOut) throws -> (train: CorpusManifest.Split, validation: CorpusManifest.Split?) {
        guard train.documentCount > 0 else {
            let heldOut = validation.documentCount
            throw CorpusError.emptyCorpus(
                reason: heldOut > 0 ? "all \(heldOut) documents fell to validation; hold out fewer" : leftOut.reasons)
        }
        let validation = try validation.finish()
        guard let train = try train.finish() else { throw CorpusError.emptyCorpus(reason: "nothing was written") }
        return (train, validation)
    }
}
