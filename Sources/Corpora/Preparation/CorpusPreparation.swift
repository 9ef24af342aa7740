import Checkpoints
import Crypto
import Foundation

/// Makes a prepared corpus of text: reads, leaves out duplicates, splits, tokenises, writes.
///
/// Documents stream through in batches of some megabytes, each read in turn, then turned into text, then into tokens on all
/// cores, then written in order: the result does not depend on the number of cores, nor the memory on the size of the corpus
/// but for 16 bytes a document to know duplicates by and 8 for its boundary.
///
/// Several ranks read the same documents and take turns at turning them into text and tokens. What is left out, and of two duplicates
/// which, every rank decides for all, so the result doesn't depend on their number either.
public struct CorpusPreparation: Sendable {
    /// How far it has come.
    public struct Progress: Sendable {
        public var files = 0
        public var totalFiles = 0
        /// Bytes on disk.
        public var bytes = 0
        public var totalBytes = 0
        /// Documents and tokens written.
        public var documents = 0
        public var tokens = 0
    }

    public let inputs: [String]
    public let options: CorpusOptions
    public let encoder: any TextEncoder
    public let ranks: any PreparationRanks
    /// Bytes of text at a time: the same on all ranks, whose machines may differ.
    package var batchBytes: Int

    /// - Parameters:
    ///   - inputs: files, folders and globs.
    ///   - ranks: who share the work, each with the same of everything else.
    public init(
        inputs: [String], options: CorpusOptions = CorpusOptions(), encoder: any TextEncoder,
        ranks: any PreparationRanks = SingleRank()
    ) {
        (self.inputs, self.options, self.encoder, self.ranks) = (inputs, options, encoder, ranks)
        batchBytes = ranks.count > 1 ? (16 << 20) * ranks.count : (4 << 20) * ProcessInfo.processInfo.activeProcessorCount
    }

    /// Writes the corpus to `output`, which appears complete or not at all. Rank 0 does; all return when it is there.
    ///
    /// - Parameters:
    ///   - overwrite: replace a prepared corpus that is there.
    ///   - progress: called after every batch.
    /// - Throws: `CorpusError`; `CancellationError` when the task is cancelled, on all ranks where it is on one; what `ranks` throws.
    public func run(
        to output: URL, overwrite: Bool = false, progress: @Sendable (Progress) -> Void = { _ in }
    ) async throws -> CorpusManifest {
        try options.check()
        let sources = try SourceFiles(inputs: inputs, include: options.include, exclude: options.exclude)
        let folder = try ranks.rank == 0 ? Self.folder(at: output.standardizedFileURL, overwrite: overwrite) : nil
        let fingerprint = encoder.fingerprint()
        try ranks.agree(on: facts(sources, fingerprint))
        var run = try Run(options: options, folder: folder?.url, encoder: encoder, fingerprint: fingerprint, ranks: ranks)
        run.leftOut.otherFiles = sources.passedOver

        var reader = DocumentReader(sources.files)
        var state = Progress(totalFiles: sources.files.count, totalBytes: sources.files.reduce(0) { $0 + $1.size })
        while true {
            let batch = try batch(from: &reader)
            if batch.isEmpty { break }
            guard try ranks.sum([Task.isCancelled ? 1 : 0]) == [0] else { throw CancellationError() }
            try await run.add(batch)
            (state.files, state.bytes) = (reader.filesRead, reader.bytesRead)
            (state.documents, state.tokens) = (run.documents, run.tokens)
            progress(state)
        }
        run.leftOut.binaryFiles = reader.binaryFiles

        guard let folder, let (train, validation) = try run.finish() else {
            return try JSONDecoder().decode(CorpusManifest.self, from: Data(ranks.broadcast([])))
        }
        let manifest = CorpusManifest(
            inputs: inputs, options: options, files: sources.files.count, vocabularySize: encoder.vocabularySize,
            tokenizerHash: fingerprint.hexadecimal, train: train, validation: validation, leftOut: run.leftOut,
            repairedDocuments: run.repaired)
        let json = JSONEncoder.corpus
        json.outputFormatting.insert(.prettyPrinted)
        let data = try json.encode(manifest)
        try (data + [UInt8(ascii: "\n")]).write(to: folder.url.appendingPathComponent(CorpusManifest.fileName))
        try folder.commit()
        _ = try ranks.broadcast(Array(data))
        return manifest
    }

    /// What has to be the same on every rank.
    private func facts(_ sources: SourceFiles, _ fingerprint: [UInt8]) throws -> [String: String] {
        let files = sources.files.map { "\($0.name) \($0.size)\n" }.joined()
        return [
            "tokenizer": fingerprint.hexadecimal,
            "list of options": String(decoding: try JSONEncoder.corpus.encode(options), as: UTF8.self),
            "list of files": Array(SHA256.hash(data: Data(files.utf8))).hexadecimal,
        ]
    }

    /// The folder to fill. Nothing but a prepared corpus is ever replaced, and that only if asked.
    private static func folder(at url: URL, overwrite: Bool) throws -> AtomicFolder {
        if FileManager.default.fileExists(atPath: url.path) {
            let contents = try? FileManager.default.contentsOfDirectory(atPath: url.path)
            guard contents == [] || contents?.contains(CorpusManifest.fileName) == true else {
                throw CorpusError.outputIsNoCorpus(path: url.path)
            }
            guard contents == [] || overwrite else { throw CorpusError.outputExists(path: url.path) }
        }
        do {
            try FileManager.default.createDirectory(at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
        } catch {
            throw CorpusError.cannotWrite(path: url.path, reason: error.localizedDescription)
        }
        return try AtomicFolder(at: url, replacing: overwrite)
    }

    /// The next documents, until they fill a batch. Of another rank's the bytes are let go.
    private func batch(from reader: inout DocumentReader) throws -> [RawDocument] {
        var batch: [RawDocument] = []
        var bytes = 0
        while bytes < batchBytes, var document = try reader.next() {
            // A document costs memory beside its bytes, however short it is.
            bytes += document.bytes.count + 256
            if batch.count % ranks.count != ranks.rank { document.bytes = [] }
            batch.append(document)
        }
        return batch
    }
}

/// The documents so far, and where they go.
private struct Run {
    private let options: CorpusOptions
    private let encoder: any TextEncoder
    private let ranks: any PreparationRanks
    /// Rank 0's.
    private let splits: (train: SplitWriter, validation: SplitWriter)?
    private var seen = Set<DocumentFingerprint>()
    var leftOut = CorpusManifest.LeftOut()
    private(set) var repaired = 0

    /// - Parameter folder: to write to; `nil` on ranks that don't.
    init(
        options: CorpusOptions, folder: URL?, encoder: any TextEncoder, fingerprint: [UInt8], ranks: any PreparationRanks
    ) throws {
        (self.options, self.encoder, self.ranks) = (options, encoder, ranks)
        let size = encoder.vocabularySize
        splits = try folder.map { folder in
            try (
                SplitWriter("train", in: folder, vocabularySize: size, tokenizerHash: fingerprint),
                SplitWriter("validation", in: folder, vocabularySize: size, tokenizerHash: fingerprint)
            )
        }
    }

    var documents: Int { splits.map { $0.train.documentCount + $0.validation.documentCount } ?? 0 }
    var tokens: Int { splits.map { $0.train.tokenCount + $0.validation.tokenCount } ?? 0 }

    mutating func add(_ batch: [RawDocument]) async throws {
        let field = options.field
        let own = stride(from: ranks.rank, to: batch.count, by: ranks.count).map { batch[$0] }
        let texts = try await orderedMap(own) { document in
            let (text, isRepaired) = try document.text(field: field)
            return (text, DocumentFacts(text, fingerprint: DocumentFingerprint(text), isRepaired: isRepaired))
        }
        let facts = try joined(texts.map(\.1), count: batch.count)
        let kept = facts.indices.filter { keeps(facts[$0]) }
        let ownKept = kept.filter { $0 % ranks.count == ranks.rank }.map { texts[$0 / ranks.count].0 }
        let tokens = try await orderedMap(ownKept) { [encoder] in encoder.encode($0) }
        guard let splits else {
            _ = try ranks.gather(TokenMessage(tokens).bytes)
            return
        }
        // A process alone has them as they are to be written.
        var messages = try ranks.count > 1 ? ranks.gather(TokenMessage(tokens).bytes).map(TokenMessage.init(bytes:)) : []
        for (place, index) in kept.enumerated() {
            let tokens = ranks.count > 1 ? messages[index % ranks.count].next() : tokens[place]
            guard !tokens.isEmpty else {
                leftOut.empty += 1
                continue
            }
            let facts = facts[index]
            let heldOut = options.split.holdsOut(number: documents + 1, fingerprint: facts.fingerprint)
            try (heldOut ? splits.validation : splits.train).append(
                name: batch[index].name, tokens: tokens, textBytes: facts.textBytes)
            if facts.isRepaired { repaired += 1 }
        }
    }

    /// Every rank's facts, in the order of the batch.
    private func joined(_ own: [DocumentFacts], count: Int) throws -> [DocumentFacts] {
        guard ranks.count > 1 else { return own }
        let width = DocumentFacts.wordCount
        var words = [Int](repeating: 0, count: count * width)
        for (place, facts) in own.enumerated() {
            let start = (place * ranks.count + ranks.rank) * width
            words.replaceSubrange(start..<start + width, with: facts.words)
        }
        words = try ranks.sum(words)
        return (0..<count).map { DocumentFacts(words: words[$0 * width..<($0 + 1) * width]) }
    }

    /// Counts what is left out, by the first reason that applies.
    private mutating func keeps(_ text: DocumentFacts) -> Bool {
        if text.isBlank {
            leftOut.empty += 1
        } else if let minimum = options.minimumCharacters, text.characters < minimum {
            leftOut.tooShort += 1
        } else if let maximum = options.maximumCharacters, text.characters > maximum {
            leftOut.tooLong += 1
        } else if !seen.insert(text.fingerprint).inserted {
            leftOut.duplicates += 1
        } else {
            return true
        }
        return false
    }

    /// - Returns: `nil` on a rank that doesn't write.
    func finish() throws -> (train: CorpusManifest.Split, validation: CorpusManifest.Split?)? {
        guard let splits else { return nil }
        guard splits.train.documentCount > 0 else {
            let heldOut = splits.validation.documentCount
            throw CorpusError.emptyCorpus(
                reason: heldOut > 0 ? "all \(heldOut) documents fell to validation; hold out fewer" : leftOut.reasons)
        }
        let validation = try splits.validation.finish()
        guard let train = try splits.train.finish() else { throw CorpusError.emptyCorpus(reason: "nothing was written") }
        return (train, validation)
    }
}
