import Crypto
import Foundation

/// Writes a token shard, document after document, in memory bounded by the number of documents.
///
/// The shard is written beside its place and renamed into it by ``finish()``: a reader finds a whole shard or none.
/// A writer that is dropped before `finish()` leaves nothing behind.
public final class TokenShardWriter {
    private let url: URL
    private let staging: URL
    private let vocabularySize: Int
    private let tokenizerHash: [UInt8]
    private let tokenWidth: Int
    private var file: FileHandle?
    private var hash = SHA256()
    /// Of the tokens of the shards before it and of its own, where the shard is a part of a split.
    private var whole: SHA256?
    private var buffer: [UInt8] = []
    /// Where each document starts, and last where the next one would.
    private(set) var boundaries: [UInt64] = [0]
    /// Of the tokens, without what the file has after them; complete with ``finish()``. The next shard of a split goes on from it.
    private(set) var tokenHash = SHA256()

    private static let bufferSize = 1 << 20

    /// - Parameters:
    ///   - url: where the shard is to be; an existing file there is replaced by ``finish()``.
    ///   - tokenizerHash: the tokenizer's fingerprint, 32 bytes.
    public convenience init(_ url: URL, vocabularySize: Int, tokenizerHash: [UInt8]) throws {
        try self.init(url, vocabularySize: vocabularySize, tokenizerHash: tokenizerHash, after: nil)
    }

    /// - Parameter whole: the ``tokenHash`` of the shard before this one in a split of several.
    init(_ url: URL, vocabularySize: Int, tokenizerHash: [UInt8], after whole: SHA256?) throws {
        precondition(vocabularySize > 0 && vocabularySize <= Int(Int32.max), "a vocabulary of \(vocabularySize)")
        precondition(tokenizerHash.count == 32, "the tokenizer's hash is SHA-256, 32 bytes")
        (self.url, self.vocabularySize, self.tokenizerHash, self.whole) = (url, vocabularySize, tokenizerHash, whole)
        tokenWidth = TokenShardHeader.tokenWidth(vocabularySize: vocabularySize)
        staging = url.deletingLastPathComponent().appendingPathComponent(".\(url.lastPathComponent).\(UUID().uuidString)")
        guard FileManager.default.createFile(atPath: staging.path, contents: nil) else {
            throw CorpusError.cannotWrite(path: url.path, reason: String(cString: strerror(errno)))
        }
        let file = try FileHandle(forWritingTo: staging)
        self.file = file
        try write([UInt8](repeating: 0, count: TokenShardHeader.size), hashed: false)
    }

    deinit { discard() }

    /// Gives the shard up: nothing of it stays. Without effect on a finished one.
    public func discard() {
        guard let file else { return }
        try? file.close()
        try? FileManager.default.removeItem(at: staging)
        self.file = nil
    }

    public var tokenCount: Int { Int(boundaries[boundaries.count - 1]) }
    public var documentCount: Int { boundaries.count - 1 }

    /// Appends one document.
    ///
    /// - Throws: `CorpusError.tokenOutOfVocabulary`, before anything of the document is written.
    public func append(_ tokens: [Int32]) throws {
        if let token = tokens.first(where: { $0 < 0 || Int($0) >= vocabularySize }) {
            throw CorpusError.tokenOutOfVocabulary(token: Int(token), vocabularySize: vocabularySize)
        }
        if tokenWidth == 2 { try write(tokens, as: UInt16.self) } else { try write(tokens, as: UInt32.self) }
        boundaries.append(UInt64(tokenCount + tokens.count))
    }

    /// Completes the shard, makes it durable and puts it in its place.
    ///
    /// - Returns: the content hash, in hexadecimal.
    @discardableResult
    public func finish() throws -> String {
        guard let file else { preconditionFailure("a shard is finished once") }
        try flush()
        tokenHash = whole ?? hash
        whole = nil
        let padding = TokenShardHeader.paddedTokenBytes(count: tokenCount, width: tokenWidth) - tokenCount * tokenWidth
        buffer.append(contentsOf: repeatElement(0, count: padding))
        try flush()
        for boundary in boundaries {
            buffer.appendLittleEndian(boundary)
            if buffer.count >= Self.bufferSize { try flush() }
        }
        try flush()
        let header = TokenShardHeader(
            vocabularySize: vocabularySize, tokenCount: tokenCount, documentCount: documentCount,
            contentHash: Array(hash.finalize()), tokenizerHash: tokenizerHash)
        do {
            try file.seek(toOffset: 0)
            try file.write(contentsOf: header.bytes)
            try file.synchronize()
            try file.close()
        } catch {
            throw CorpusError.cannotWrite(path: url.path, reason: error.localizedDescription)
        }
        self.file = nil
        guard rename(staging.path, url.path) == 0 else {
            let reason = String(cString: strerror(errno))
            try? FileManager.default.removeItem(at: staging)
            throw CorpusError.cannotWrite(path: url.path, reason: reason)
        }
        return header.contentHash.hexadecimal
    }

    /// A piece at a time: a document may be of any size.
    private func write<Stored: FixedWidthInteger>(_ tokens: [Int32], as type: Stored.Type) throws {
        for start in stride(from: 0, to: tokens.count, by: Self.bufferSize / 4) {
            let piece = tokens[start..<min(start + Self.bufferSize / 4, tokens.count)]
            piece.map { Stored(truncatingIfNeeded: $0).littleEndian }.withUnsafeBytes { buffer.append(contentsOf: $0) }
            if buffer.count >= Self.bufferSize { try flush() }
        }
    }

    private func flush() throws {
        try write(buffer, hashed: true)
        buffer.removeAll(keepingCapacity: true)
    }

    private func write(_ bytes: [UInt8], hashed: Bool) throws {
        if hashed {
            hash.update(data: bytes)
            whole?.update(data: bytes)
        }
        do {
            try file?.write(contentsOf: bytes)
        } catch {
            throw CorpusError.cannotWrite(path: url.path, reason: error.localizedDescription)
        }
    }
}
