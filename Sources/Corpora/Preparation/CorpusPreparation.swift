import Checkpoints
import Crypto
import Foundation

/// Makes a prepared corpus of text: reads, leaves out duplicates, splits, tokenises, writes.
///
/// Documents stream through in batches of some megabytes: read, turned into text, then into tokens on all cores, and written in
/// order. Four batches are on their way at a time, one in each stage, so that no core waits for a file. The result does not depend on
/// the number of cores, nor the memory on the size of the corpus but for 16 bytes a document to know duplicates by and 8 for its
/// boundary.
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
        /// Documents and tokens written, by this rank.
        public var documents = 0
        public var tokens = 0
    }

    public let inputs: [String]
    public let options: CorpusOptions
    public let encoder: any TextEncoder
    /// How many tokens a file of a split has at most.
    public let shardTokens: Int
    public let ranks: any PreparationRanks
    /// Bytes of text at a time: the same on all ranks, whose machines may differ.
    package var batchBytes: Int

    /// At most 4 GiB a file.
    public static let defaultShardTokens = 1 << 30

    /// - Parameters:
    ///   - inputs: files, folders and globs.
    ///   - ranks: who share the work, each with the same of everything else.
    public init(
        inputs: [String], options: CorpusOptions = CorpusOptions(), encoder: any TextEncoder,
        shardTokens: Int = Self.defaultShardTokens, ranks: any PreparationRanks = SingleRank()
    ) {
        (self.inputs, self.options, self.encoder, self.shardTokens) = (inputs, options, encoder, shardTokens)
        self.ranks = ranks
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
        guard shardTokens > 0 else {
            throw CorpusError.badOption(name: "--shard-tokens", reason: "\(shardTokens) is not positive")
        }
        let sources = try SourceFiles(inputs: inputs, include: options.include, exclude: options.exclude)
        // Now, not after hours of other files.
        if let table = sources.files.first(where: \.format.isTable) { _ = try ArrowLibrary.shared(for: table) }
        let folder = try ranks.rank == 0 ? Self.folder(at: output.standardizedFileURL, overwrite: overwrite) : nil
        let fingerprint = encoder.fingerprint()
        try ranks.agree(on: facts(sources, fingerprint))
        let writer = try folder.map {
            try CorpusWriter(
                $0.url, split: options.split, vocabularySize: encoder.vocabularySize, tokenizerHash: fingerprint,
                shardTokens: shardTokens)
        }
        let reader = BatchReader(sources.files, column: options.field, batchBytes: batchBytes, for: ranks)
        var filter = DocumentFilter(options)

        var state = Progress(totalFiles: sources.files.count, totalBytes: sources.files.reduce(0) { $0 + $1.size })
        // What the last round left for each stage.
        var (read, texts, encoded) = ([RawDocument](), TextBatch(), EncodedBatch())
        repeat {
            // Here alone ranks speak to each other, so that all make the same requests in the same order.
            guard try ranks.sum([Task.isCancelled ? 1 : 0]) == [0] else { throw CancellationError() }
            let (toConvert, toEncode, toWrite) = (
                read, try texts.kept(by: &filter, among: ranks), try encoded.documents(from: ranks)
            )
            async let nextRead = reader.next()
            async let nextTexts = TextBatch(toConvert, field: options.field, of: ranks)
            async let nextEncoded = EncodedBatch(toEncode, by: encoder)
            async let written: Void? = writer?.append(toWrite)
            // In this order, so that of several errors the earliest document's is thrown.
            _ = try await written
            encoded = try await nextEncoded
            texts = try await nextTexts
            read = try await nextRead
            (state.files, state.bytes) = await (reader.filesRead, reader.bytesRead)
            if let writer { (state.documents, state.tokens) = await (writer.documentCount, writer.tokenCount) }
            progress(state)
        } while !(read.isEmpty && texts.isEmpty && encoded.isEmpty)

        guard let folder, let writer else {
            return try JSONDecoder().decode(CorpusManifest.self, from: Data(ranks.broadcast([])))
        }
        var leftOut = filter.leftOut
        leftOut.otherFiles = sources.passedOver
        leftOut.binaryFiles = await reader.binaryFiles
        leftOut.empty += await writer.withoutTokens
        let nullRows = await reader.nullRows
        if nullRows > 0 { leftOut.nullRows = nullRows }

        let (train, validation) = try await writer.finish(leftOut: leftOut)
        let manifest = CorpusManifest(
            version: train.shards == nil && validation?.shards == nil ? 1 : 2, inputs: inputs, options: options,
            files: sources.files.count, vocabularySize: encoder.vocabularySize, tokenizerHash: fingerprint.hexadecimal,
            train: train, validation: validation, leftOut: leftOut, repairedDocuments: await writer.repaired)
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
}
