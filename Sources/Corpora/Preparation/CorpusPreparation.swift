import Checkpoints
import Foundation

/// Makes a prepared corpus of text: reads, leaves out duplicates, splits, tokenises, writes.
///
/// Documents stream through in batches of some megabytes: read, turned into text, then into tokens on all cores, and written in
/// order. Four batches are on their way at a time, one in each stage, so that no core waits for a file. The result does not depend on
/// the number of cores, nor the memory on the size of the corpus but for 16 bytes a document to know duplicates by and 8 for its
/// boundary.
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
    /// How many tokens a file of a split has at most.
    public let shardTokens: Int

    /// At most 4 GiB a file.
    public static let defaultShardTokens = 1 << 30

    /// - Parameter inputs: files, folders and globs.
    public init(
        inputs: [String], options: CorpusOptions = CorpusOptions(), encoder: any TextEncoder,
        shardTokens: Int = Self.defaultShardTokens
    ) {
        (self.inputs, self.options, self.encoder, self.shardTokens) = (inputs, options, encoder, shardTokens)
    }

    /// Writes the corpus to `output`, which appears complete or not at all.
    ///
    /// - Parameters:
    ///   - overwrite: replace a prepared corpus that is there.
    ///   - progress: called after every batch.
    /// - Throws: `CorpusError`; `CancellationError` when the task is cancelled.
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
        let folder = try Self.folder(at: output.standardizedFileURL, overwrite: overwrite)
        let fingerprint = encoder.fingerprint()
        let reader = BatchReader(sources.files, column: options.field)
        let writer = try CorpusWriter(
            folder.url, split: options.split, vocabularySize: encoder.vocabularySize, tokenizerHash: fingerprint,
            shardTokens: shardTokens)
        var filter = DocumentFilter(options)

        var state = Progress(totalFiles: sources.files.count, totalBytes: sources.files.reduce(0) { $0 + $1.size })
        // What the last round left for each stage.
        var (read, texts, encoded) = ([RawDocument](), [DocumentText](), [EncodedDocument]())
        repeat {
            try Task.checkCancellation()
            let (toConvert, toEncode, toWrite) = (read, texts.filter { filter.keeps($0) }, encoded)
            async let nextRead = reader.next()
            async let nextTexts = orderedMap(toConvert) { [field = options.field] in try DocumentText($0, field: field) }
            async let nextEncoded = orderedMap(toEncode) { [encoder] in EncodedDocument($0, by: encoder) }
            async let written: Void = writer.append(toWrite)
            // In this order, so that of several errors the earliest document's is thrown.
            try await written
            encoded = try await nextEncoded
            texts = try await nextTexts
            read = try await nextRead
            (state.files, state.bytes) = await (reader.filesRead, reader.bytesRead)
            (state.documents, state.tokens) = await (writer.documentCount, writer.tokenCount)
            progress(state)
        } while !(read.isEmpty && texts.isEmpty && encoded.isEmpty)

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
        try (json.encode(manifest) + [UInt8(ascii: "\n")]).write(to: folder.url.appendingPathComponent(CorpusManifest.fileName))
        try folder.commit()
        return manifest
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
