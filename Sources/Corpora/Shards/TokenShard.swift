import Checkpoints
import Crypto
import Foundation

/// One split of a corpus, or a part of one (``TokenShards``), tokenised: a memory-mapped, read-only file of tokens and document
/// boundaries.
///
/// Opening reads the file once, to check that the header fits the file, the boundaries ascend, every token is in the vocabulary
/// and the content hash is right. What comes after needs no checks, and a batch is copied straight from the mapping.
/// The format is described at ``TokenShardHeader``; ``TokenShardWriter`` writes it.
public final class TokenShard: Sendable {
    /// The format this Winnow reads and writes.
    public static let version: UInt32 = 1

    public let url: URL
    private let file: MappedFile
    private let header: TokenShardHeader

    /// - Throws: `CorpusError.damagedShard` where the file is truncated, altered or no shard at all; `CheckpointError` where it
    ///   cannot be read.
    public convenience init(_ url: URL) throws { try self.init(MappedFile(url), at: url) }

    package convenience init(_ file: MappedFile, at url: URL) throws {
        var whole: SHA256?
        try self.init(file, at: url, whole: &whole)
    }

    /// - Parameter whole: goes on over the tokens: the hash of the split that the shard is a part of.
    init(_ file: MappedFile, at url: URL, whole: inout SHA256?) throws {
        (self.url, self.file) = (url, file)
        header = try file.withBytes { try TokenShardHeader(reading: $0, path: url.path) }
        try file.withBytes { bytes in
            try checkBoundaries(bytes)
            var hash = SHA256()
            // In pieces, so that a file larger than memory is read once.
            let end = TokenShardHeader.size + tokenCount * header.tokenWidth
            for start in stride(from: TokenShardHeader.size, to: end, by: Self.pieceSize) {
                let piece = UnsafeRawBufferPointer(rebasing: bytes[start..<min(start + Self.pieceSize, end)])
                try checkTokens(piece)
                hash.update(bufferPointer: piece)
                whole?.update(bufferPointer: piece)
            }
            hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: bytes[end...]))
            guard header.contentHash == Array(hash.finalize()) else {
                throw CorpusError.damagedShard(
                    path: url.path, reason: "the content does not have the hash that its header states")
            }
        }
    }

    public var tokenCount: Int { header.tokenCount }
    public var documentCount: Int { header.documentCount }
    public var vocabularySize: Int { header.vocabularySize }
    /// SHA-256 of tokens and boundaries, in hexadecimal.
    public var contentHash: String { header.contentHash.hexadecimal }
    /// The fingerprint of the tokenizer that made the tokens, in hexadecimal.
    public var tokenizerHash: String { header.tokenizerHash.hexadecimal }

    /// The tokens of document `index`, as a range of the shard's tokens. Empty where the document has none.
    public func tokenRange(ofDocument index: Int) -> Range<Int> {
        precondition(index >= 0 && index < documentCount, "document \(index) of \(documentCount)")
        return boundary(index)..<boundary(index + 1)
    }

    /// A copy of `range` of the shard's tokens.
    public func tokens(in range: Range<Int>) -> [Int32] {
        precondition(range.lowerBound >= 0 && range.upperBound <= tokenCount, "tokens \(range) of \(tokenCount)")
        return [Int32](unsafeUninitializedCapacity: range.count) { buffer, count in
            copyTokens(in: range, to: buffer)
            count = range.count
        }
    }

    /// Copies `range` of the tokens to the start of `destination`. Both were checked by the caller.
    func copyTokens(in range: Range<Int>, to destination: UnsafeMutableBufferPointer<Int32>) {
        let width = header.tokenWidth
        let start = TokenShardHeader.size + range.lowerBound * width
        file.withBytes(in: start..<start + range.count * width) { bytes in
            if width == 2 {
                for (index, token) in bytes.bindMemory(to: UInt16.self).enumerated() {
                    destination[index] = Int32(UInt16(littleEndian: token))
                }
            } else {
                for (index, token) in bytes.bindMemory(to: UInt32.self).enumerated() {
                    destination[index] = Int32(UInt32(littleEndian: token))
                }
            }
        }
    }

    /// Where document `index` starts, in tokens; `boundary(documentCount)` is `tokenCount`.
    func boundary(_ index: Int) -> Int { file.withBytes { Int(boundary(index, in: $0)) } }

    private func boundary(_ index: Int, in bytes: UnsafeRawBufferPointer) -> UInt64 {
        let start = TokenShardHeader.size + TokenShardHeader.paddedTokenBytes(count: tokenCount, width: header.tokenWidth)
        return UInt64(littleEndian: bytes.load(fromByteOffset: start + 8 * index, as: UInt64.self))
    }

    private func checkBoundaries(_ bytes: UnsafeRawBufferPointer) throws {
        // Compared as stored: a boundary past Int.max must not trap on the way to its error.
        var last: UInt64 = 0
        for index in 0...documentCount {
            let start = boundary(index, in: bytes)
            guard start >= last, start <= UInt64(tokenCount), index > 0 || start == 0 else {
                throw CorpusError.damagedShard(
                    path: url.path, reason: "document \(index) starts at token \(start), after \(last)")
            }
            last = start
        }
        guard last == UInt64(tokenCount) else {
            throw CorpusError.damagedShard(path: url.path, reason: "the documents end at token \(last) of \(tokenCount)")
        }
    }

    private func checkTokens(_ tokens: UnsafeRawBufferPointer) throws {
        let largest = header.tokenWidth == 2 ? Self.largest(UInt16.self, in: tokens) : Self.largest(UInt32.self, in: tokens)
        guard largest < vocabularySize else {
            throw CorpusError.damagedShard(
                path: url.path, reason: "token \(largest) is outside its vocabulary of \(vocabularySize)")
        }
    }

    private static func largest<T: FixedWidthInteger>(_ type: T.Type, in bytes: UnsafeRawBufferPointer) -> Int {
        Int(bytes.bindMemory(to: type).reduce(0) { max($0, T(littleEndian: $1)) })
    }

    private static let pieceSize = 1 << 20
}

extension [UInt8] {
    /// Lower-case hexadecimal digits, two a byte.
    var hexadecimal: String {
        map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
