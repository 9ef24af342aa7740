/// The first 128 bytes of a token shard.
///
/// A shard is one split of a corpus, tokenised. All integers are little-endian:
///
/// | offset | bytes | |
/// |---|---|---|
/// | 0 | 8 | magic, `WINNOWTK` |
/// | 8 | 4 | version, 1 |
/// | 12 | 4 | bytes a token: 2 where the vocabulary has at most 65,536 tokens, else 4 |
/// | 16 | 8 | vocabulary size |
/// | 24 | 8 | tokens, N |
/// | 32 | 8 | documents, D |
/// | 40 | 32 | SHA-256 of everything after the header |
/// | 72 | 32 | the tokenizer's fingerprint (``TextEncoder/fingerprint()``) |
/// | 104 | 24 | zero |
/// | 128 | N · width | the tokens, document after document; then zeros up to a multiple of 8 |
/// | | 8 · (D + 1) | where each document starts, in tokens; the last entry is N |
struct TokenShardHeader: Equatable {
    static let magic = Array("WINNOWTK".utf8)
    static let size = 128

    var tokenWidth: Int
    var vocabularySize: Int
    var tokenCount: Int
    var documentCount: Int
    var contentHash: [UInt8]
    var tokenizerHash: [UInt8]

    /// Tokens and their padding, in bytes.
    static func paddedTokenBytes(count: Int, width: Int) -> Int { (count * width + 7) / 8 * 8 }

    static func tokenWidth(vocabularySize: Int) -> Int { vocabularySize <= 1 << 16 ? 2 : 4 }

    var bytes: [UInt8] {
        var bytes = Self.magic
        bytes.appendLittleEndian(TokenShard.version)
        bytes.appendLittleEndian(UInt32(tokenWidth))
        bytes.appendLittleEndian(UInt64(vocabularySize))
        bytes.appendLittleEndian(UInt64(tokenCount))
        bytes.appendLittleEndian(UInt64(documentCount))
        bytes += contentHash
        bytes += tokenizerHash
        bytes += [UInt8](repeating: 0, count: Self.size - bytes.count)
        return bytes
    }

    /// Reads and checks a header against the size of the file it heads.
    init(reading bytes: UnsafeRawBufferPointer, path: String) throws {
        func damaged(_ reason: String) -> CorpusError { .damagedShard(path: path, reason: reason) }
        guard bytes.count >= Self.size else {
            throw damaged("\(bytes.count) bytes are too few for the \(Self.size)-byte header of a token shard")
        }
        guard bytes.prefix(8).elementsEqual(Self.magic) else { throw damaged("not a token shard") }
        func integer<T: FixedWidthInteger>(_ type: T.Type, at offset: Int) -> T {
            T(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: type))
        }
        let version = integer(UInt32.self, at: 8)
        guard version == TokenShard.version else { throw CorpusError.unsupportedShard(path: path, version: version) }

        let (width, vocabulary) = (integer(UInt32.self, at: 12), integer(UInt64.self, at: 16))
        guard vocabulary > 0, vocabulary <= UInt64(Int32.max) else { throw damaged("a vocabulary of \(vocabulary) tokens") }
        guard Int(width) == Self.tokenWidth(vocabularySize: Int(vocabulary)) else {
            throw damaged("\(width) bytes a token for a vocabulary of \(vocabulary)")
        }
        let (tokens, documents) = (integer(UInt64.self, at: 24), integer(UInt64.self, at: 32))
        // Bounded by the file's size before any arithmetic, so that nothing overflows.
        let room = UInt64(bytes.count)
        guard tokens <= room / UInt64(width), documents < room / 8 else {
            throw damaged("the header claims \(tokens) tokens in \(documents) documents, more than the file's \(room) bytes hold")
        }
        let expected =
            Self.size + Self.paddedTokenBytes(count: Int(tokens), width: Int(width)) + 8 * (Int(documents) + 1)
        guard expected == bytes.count else {
            throw damaged("\(bytes.count) bytes instead of the \(expected) that its header announces")
        }
        (tokenWidth, vocabularySize) = (Int(width), Int(vocabulary))
        (tokenCount, documentCount) = (Int(tokens), Int(documents))
        contentHash = Array(bytes[40..<72])
        tokenizerHash = Array(bytes[72..<104])
    }

    init(vocabularySize: Int, tokenCount: Int, documentCount: Int, contentHash: [UInt8], tokenizerHash: [UInt8]) {
        precondition(contentHash.count == 32 && tokenizerHash.count == 32, "hashes are SHA-256, 32 bytes")
        tokenWidth = Self.tokenWidth(vocabularySize: vocabularySize)
        (self.vocabularySize, self.tokenCount, self.documentCount) = (vocabularySize, tokenCount, documentCount)
        (self.contentHash, self.tokenizerHash) = (contentHash, tokenizerHash)
    }
}

extension [UInt8] {
    mutating func appendLittleEndian<T: FixedWidthInteger>(_ value: T) {
        Swift.withUnsafeBytes(of: value.littleEndian) { append(contentsOf: $0) }
    }
}
