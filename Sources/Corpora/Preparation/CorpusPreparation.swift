import Checkpoints
import Foundation

/// Makes a prepared corpus of text: reads, leaves out duplicates, splits, tokenises, writes.
///
/// Documents stream through in batches of some megabytes, each read in turn, then turned into text, then into tokens on all
/// cores, then written in order: the result does not depend on the number of cores, nor the memory on the size of the corpus
/// but for 16 bytes a document to know duplicates by and 8 for its boundary.
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

    /// - Parameter inputs: files, folders and globs.
    public init(inputs: [String], options: CorpusOptions = CorpusOptions(), encoder: any TextEncoder) {
        (self.inputs, self.options, self.encoder) = (inputs, options, encoder)
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
        let sources = try SourceFiles(inputs: inputs, include: options.include, exclude: options.exclude)
        let folder = try Self.folder(at: output.standardizedFileURL, overwrite: overwrite)
        let fingerprint = encoder.fingerprint()
        var run = try Run(options: options, folder: folder.url, encoder: encoder, fingerprint: fingerprint)
        run.leftOut.otherFiles = sources.passedOver

        var reader = DocumentReader(sources.files)
        var state = Progress(totalFiles: sources.files.count, totalBytes: sources.files.reduce(0) { $0 + $1.size })
        while true {
            var batch = try Self.batch(from: &reader)
            if batch.isEmpty { break }
            try Task.checkCancellation()
            let texts = try await run.texts(of: batch)
            // Of a large document, its bytes, its text and its tokens are each a multiple of what is left.
            batch = []
            try await run.add(texts)
            (state.files, state.bytes) = (reader.filesRead, reader.bytesRead)
            (state.documents, state.tokens) = (run.documents, run.tokens)
            progress(state)
        }
        run.leftOut.binaryFiles = reader.binaryFiles

        let (train, validation) = try run.finish()
        let manifest = CorpusManifest(
            inputs: inputs, options: options, files: sources.files.count, vocabularySize: encoder.vocabularySize,
            tokenizerHash: fingerprint.hexadecimal, train: train, validation: validation, leftOut: run.leftOut,
            repairedDocuments: run.repaired)
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

    private static let batchBytes = (4 << 20) * ProcessInfo.processInfo.activeProcessorCount

    /// The next documents, until they fill a batch.
    private static func batch(from reader: inout DocumentReader) throws -> [RawDocument] {
        var batch: [RawDocument] = []
        var bytes = 0
        while bytes < batchBytes, let document = try reader.next() {
            // A document costs memory beside its bytes, however short it is.
            bytes += document.bytes.count + 256
            batch.append(document)
        }
        return batch
    }
}

/// The documents so far, and where they go.
private struct Run {
    struct Text: Sendable {
        var name: String
        var text: String
        var characters: Int
        var isRepaired: Bool
        var fingerprint: DocumentFingerprint
    }

    private let options: CorpusOptions
    private let encoder: any TextEncoder
    private let train: SplitWriter
    private let validation: SplitWriter
    private var seen = Set<DocumentFingerprint>()
    var leftOut = CorpusManifest.LeftOut()
    private(set) var repaired = 0

    init(options: CorpusOptions, folder: URL, encoder: any TextEncoder, fingerprint: [UInt8]) throws {
        (self.options, self.encoder) = (options, encoder)
        let size = encoder.vocabularySize
        train = try SplitWriter("train", in: folder, vocabularySize: size, tokenizerHash: fingerprint)
        validation = try SplitWriter("validation", in: folder, vocabularySize: size, tokenizerHash: fingerprint)
    }

    var documents: Int { train.documentCount + validation.documentCount }
    var tokens: Int { train.tokenCount + validation.tokenCount }

    func texts(of batch: [RawDocument]) async throws -> [Text] {
        let field = options.field
        return try await orderedMap(batch) { document in
            let (text, isRepaired) = try document.text(field: field)
            return Text(
                name: document.name, text: text, characters: text.unicodeScalars.count, isRepaired: isRepaired,
                fingerprint: DocumentFingerprint(text))
        }
    }

    mutating func add(_ texts: [Text]) async throws {
        let kept = texts.filter { keeps($0) }
        let tokens = try await orderedMap(kept) { [encoder] in encoder.encode($0.text) }
        for (text, tokens) in zip(kept, tokens) {
            guard !tokens.isEmpty else {
                leftOut.empty += 1
                continue
            }
            let heldOut = options.split.holdsOut(number: documents + 1, fingerprint: text.fingerprint)
            try (heldOut ? validation : train).append(name: text.name, tokens: tokens, textBytes: text.text.utf8.count)
            if text.isRepaired { repaired += 1 }
        }
    }

    /// Counts what is left out, by the first reason that applies.
    private mutating func keeps(_ text: Text) -> Bool {
        if text.text.utf8.allSatisfy({ $0 == 0x20 || (0x09...0x0D).contains($0) }) {
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

    func finish() throws -> (train: CorpusManifest.Split, validation: CorpusManifest.Split?) {
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
