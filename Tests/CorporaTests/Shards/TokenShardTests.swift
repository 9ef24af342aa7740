import Corpora
import Crypto
import Foundation
import Testing

@Suite struct TokenShardTests {
    let folder = try! TemporaryFolder()

    static let documents: [[Int32]] = [[1, 2, 3], [], [999], [5, 6, 7, 8, 9], []]

    @Test(arguments: [1000, 65_536, 65_537, 200_000])
    func whatIsWrittenIsRead(vocabularySize: Int) throws {
        var documents = Self.documents
        documents.append([0, Int32(vocabularySize - 1)])
        let shard = try TokenShard.make(documents, vocabularySize: vocabularySize, in: folder)
        #expect(shard.tokenCount == 11)
        #expect(shard.documentCount == 6)
        #expect(shard.vocabularySize == vocabularySize)
        #expect(shard.tokenizerHash == String(repeating: "07", count: 32))
        for (index, document) in documents.enumerated() {
            #expect(shard.tokens(in: shard.tokenRange(ofDocument: index)) == document)
        }
        #expect(shard.tokens(in: 2..<6) == [3, 999, 5, 6])
        let size = try #require(try FileManager.default.attributesOfItem(atPath: shard.url.path)[.size] as? Int)
        #expect(size == 128 + (vocabularySize <= 65_536 ? 24 : 48) + 8 * 7)
    }

    @Test func theContentHashIsOfTokensAndBoundariesAlone() throws {
        let first = try TokenShard.make([[1, 2], [3]], in: folder, name: "a")
        let bytes = try Data(contentsOf: first.url)
        let independent = SHA256.hash(data: bytes.dropFirst(128)).map { String(format: "%02x", $0) }.joined()
        #expect(first.contentHash == independent)
        #expect(try TokenShard.make([[1, 2], [3]], in: folder, name: "b").contentHash == first.contentHash)
        #expect(try TokenShard.make([[1], [2, 3]], in: folder, name: "c").contentHash != first.contentHash)
    }

    @Test func everyTruncationIsRefused() throws {
        let shard = try TokenShard.make(Self.documents, in: folder)
        let whole = try Data(contentsOf: shard.url)
        for length in 0..<whole.count {
            let url = try folder.write(whole.prefix(length), to: "cut.tokens")
            #expect { try TokenShard(url) } throws: { error in
                guard case CorpusError.damagedShard(let path, _) = error else { return false }
                return path == url.path
            }
        }
        let long = try folder.write(whole + [0], to: "long.tokens")
        #expect(throws: CorpusError.self) { try TokenShard(long) }
    }

    /// Whatever byte is flipped, the file is refused, but for the vocabulary's size, the tokenizer's hash and the reserved bytes,
    /// which the content hash does not cover (the manifest repeats the first two).
    @Test func everyFlippedByteIsNoticed() throws {
        let shard = try TokenShard.make(Self.documents, in: folder)
        let whole = try Data(contentsOf: shard.url)
        for offset in 0..<whole.count where !(72..<128).contains(offset) && !(16..<24).contains(offset) {
            var altered = whole
            altered[offset] ^= 0x41
            let url = try folder.write(altered, to: "flipped.tokens")
            #expect(throws: CorpusError.self, "byte \(offset)") { try TokenShard(url) }
        }
    }

    @Test(arguments: [24, 32])
    func anAbsurdCountIsRefusedWithoutAllocating(offset: Int) throws {
        let shard = try TokenShard.make(Self.documents, in: folder)
        for claim: UInt64 in [1 << 60, .max, 1 << 63, .max / 2, .max / 8] {
            var bytes = try Data(contentsOf: shard.url)
            withUnsafeBytes(of: claim.littleEndian) { bytes.replaceSubrange(offset..<offset + 8, with: $0) }
            let url = try folder.write(bytes, to: "absurd.tokens")
            #expect { try TokenShard(url) } throws: { "\($0)".contains("more than the file's") }
        }
    }

    /// A hostile file may carry the right hash over wrong boundaries.
    @Test func boundariesThatDoNotAscendAreRefused() throws {
        let shard = try TokenShard.make([[1, 2], [3, 4], [5, 6, 7, 8]], in: folder)
        // 6 is inside the shard, but after the next document's start.
        for middle: UInt64 in [6, 9, .max, 1 << 62] {
            var bytes = try Data(contentsOf: shard.url)
            let offset = 128 + 16 + 8
            withUnsafeBytes(of: middle.littleEndian) { bytes.replaceSubrange(offset..<offset + 8, with: $0) }
            bytes.replaceSubrange(40..<72, with: Data(SHA256.hash(data: bytes.dropFirst(128))))
            let url = try folder.write(bytes, to: "boundaries.tokens")
            #expect { try TokenShard(url) } throws: { "\($0)".contains("starts at token") }
        }
    }

    @Test func aTokenOutsideTheVocabularyIsRefused() throws {
        let shard = try TokenShard.make([[1, 2, 3, 4]], vocabularySize: 5, in: folder)
        var bytes = try Data(contentsOf: shard.url)
        bytes[128] = 5
        bytes.replaceSubrange(40..<72, with: Data(SHA256.hash(data: bytes.dropFirst(128))))
        let url = try folder.write(bytes, to: "token.tokens")
        #expect { try TokenShard(url) } throws: { "\($0)".contains("outside its vocabulary") }
        let writer = try TokenShardWriter(
            folder.url.appendingPathComponent("w"), vocabularySize: 5, tokenizerHash: [UInt8](repeating: 0, count: 32))
        #expect(throws: CorpusError.tokenOutOfVocabulary(token: 5, vocabularySize: 5)) { try writer.append([1, 5]) }
        #expect(throws: CorpusError.tokenOutOfVocabulary(token: -1, vocabularySize: 5)) { try writer.append([-1]) }
    }

    @Test func anotherVersionIsNamed() throws {
        let shard = try TokenShard.make([[1]], in: folder)
        var bytes = try Data(contentsOf: shard.url)
        bytes[8] = 2
        let url = try folder.write(bytes, to: "version.tokens")
        #expect(throws: CorpusError.unsupportedShard(path: url.path, version: 2)) { try TokenShard(url) }
    }

    @Test func anUnfinishedShardLeavesNothing() throws {
        let url = folder.url.appendingPathComponent("train.tokens")
        do {
            let writer = try TokenShardWriter(url, vocabularySize: 10, tokenizerHash: [UInt8](repeating: 0, count: 32))
            try writer.append([1, 2, 3])
            #expect(try folder.contents().count == 1)
        }
        #expect(try folder.contents() == [])
        #expect { try TokenShard(url) } throws: { "\($0)".contains(url.path) }
    }

    @Test func aLargeShardSurvivesTheBuffers() throws {
        var random = SystemRandomNumberGenerator()
        let documents = (0..<300).map { _ in
            (0..<Int.random(in: 0...9000)).map { _ in Int32.random(in: 0..<1000, using: &random) }
        }
        let shard = try TokenShard.make(documents, in: folder)
        #expect(shard.tokens(in: 0..<shard.tokenCount) == documents.flatMap { $0 })
    }
}
