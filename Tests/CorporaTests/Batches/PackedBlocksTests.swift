import Corpora
import Foundation
import Testing

@Suite struct PackedBlocksTests {
    let folder = try! TemporaryFolder()

    /// Empty documents at the start, in the middle and at the end; one longer than several blocks.
    static let documents: [[Int32]] = [[], [10, 11, 12], [], [20], Array(30..<47), [50, 51], []]

    /// The stream, built the plain way: (token, document).
    static func stream(separator: Int32?) -> [(token: Int32, document: Int32)] {
        documents.enumerated().flatMap { index, tokens in
            (tokens + (separator.map { [$0] } ?? [])).map { ($0, Int32(index)) }
        }
    }

    @Test(arguments: [nil, 99] as [Int32?], [2, 3, 4, 7, 11, 23])
    func blocksAreTheStreamCut(separator: Int32?, length: Int) throws {
        let shard = try TokenShard.make(Self.documents, in: folder)
        let stream = Self.stream(separator: separator)
        for tail in [PackedBlocks.Tail.drop, .pad] {
            let blocks = try PackedBlocks(shard: shard, blockLength: length, separatorID: separator, tail: tail)
            let remainder = stream.count % length
            #expect(blocks.count == stream.count / length + (tail == .pad && remainder >= 2 ? 1 : 0))
            for index in 0..<blocks.count {
                let block = blocks.block(index)
                let expected = stream[index * length..<min((index + 1) * length, stream.count)]
                let padding = length - expected.count
                #expect(block.inputIDs == expected.map(\.token) + [Int32](repeating: 0, count: padding))
                #expect(block.documentIDs == expected.map(\.document) + [Int32](repeating: -1, count: padding))
                #expect(block.targetIDs == expected.map(\.token).dropFirst() + [Int32](repeating: 0, count: padding + 1))
                #expect(
                    block.validMask
                        == [Bool](repeating: true, count: expected.count - 1) + [Bool](repeating: false, count: padding + 1))
                #expect(block.blockIndices == [index])
                #expect((block.batchSize, block.sequenceLength) == (1, length))
            }
        }
    }

    @Test func aBatchIsItsBlocksInTheOrderAsked() throws {
        let shard = try TokenShard.make(Self.documents, in: folder)
        let blocks = try PackedBlocks(shard: shard, blockLength: 4, separatorID: 99)
        let batch = blocks.batch([3, 0, 3])
        #expect(batch.inputIDs == blocks.block(3).inputIDs + blocks.block(0).inputIDs + blocks.block(3).inputIDs)
        #expect(batch.targetIDs == blocks.block(3).targetIDs + blocks.block(0).targetIDs + blocks.block(3).targetIDs)
        #expect(batch.blockIndices == [3, 0, 3])
        #expect(batch.validCount == 9)
    }

    @Test func textShorterThanABlockIsRefused() throws {
        let shard = try TokenShard.make([[1, 2, 3], [4]], in: folder)
        #expect(throws: CorpusError.shorterThanBlock(path: shard.url.path, tokens: 4, blockLength: 5)) {
            try PackedBlocks(shard: shard, blockLength: 5)
        }
        #expect(try PackedBlocks(shard: shard, blockLength: 5, separatorID: 0).count == 1)
        #expect(try PackedBlocks(shard: shard, blockLength: 5, tail: .pad).count == 1)
        let empty = try TokenShard.make([], in: folder, name: "empty")
        #expect(throws: CorpusError.shorterThanBlock(path: empty.url.path, tokens: 0, blockLength: 2)) {
            try PackedBlocks(shard: empty, blockLength: 2, tail: .pad)
        }
    }

    @Test func senselessOptionsAreRefused() throws {
        let shard = try TokenShard.make([[1, 2, 3, 4]], vocabularySize: 10, in: folder)
        #expect(throws: CorpusError.self) { try PackedBlocks(shard: shard, blockLength: 1) }
        #expect(throws: CorpusError.tokenOutOfVocabulary(token: 10, vocabularySize: 10)) {
            try PackedBlocks(shard: shard, blockLength: 2, separatorID: 10)
        }
    }
}
