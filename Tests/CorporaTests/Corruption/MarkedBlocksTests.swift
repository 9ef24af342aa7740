import Corpora
import Testing

@Suite struct MarkedBlocksTests {
    private func blocks(_ texts: [MarkedText], length: Int, limit: Int = 1000, separator: Int32? = nil) throws -> MarkedBlocks {
        try MarkedBlocks(
            texts, of: "texts", encoder: ByteEncoder(), separatorID: separator, blockLength: length, tokenLimit: limit)
    }

    @Test func theMarksFollowTheTokensIntoTheBatches() throws {
        let texts = [MarkedText("abcde", bad: [1..<2]), MarkedText("Q: fghi", bad: [5..<7], context: [0..<3])]
        let marked = try blocks(texts, length: 4, separator: 0)
        // abcd | e␀Q: | ·fgh; the rest fills no block.
        #expect(marked.count == 3)
        let batch = try #require(marked.batches(of: 8).first)
        #expect(batch.inputIDs.map { UInt8($0) } == Array("abcde\0Q: fgh".utf8))
        #expect(batch.targetIDs.map { UInt8($0) } == Array("bcd\0\0Q:\0fgh\0".utf8))
        #expect(
            batch.validMask == [
                true, true, true, false, false, false, false, false, true, true, true, false,
            ])
        #expect(marked.counted.map(\.block) == [0, 0, 0, 2, 2, 2])
        #expect(marked.counted.map(\.isBad) == [true, false, false, false, false, true])
        #expect(batch.validCount == marked.counted.count)
        #expect(marked.batches(of: 2).map(\.blockIndices) == [[0, 1], [2]])
    }

    @Test func noMoreTextIsReadThanAskedFor() throws {
        var read = 0
        let texts = (0..<100).lazy.map { _ in
            read += 1
            return MarkedText("0123456789", bad: [0..<1])
        }
        let marked = try MarkedBlocks(texts, of: "texts", encoder: ByteEncoder(), blockLength: 8, tokenLimit: 39)
        #expect(marked.count == 4)
        #expect(read == 4)
    }

    @Test func tooLittleTextIsNamed() {
        let error = #expect(throws: CorpusError.self) { try blocks([MarkedText("abc", bad: [])], length: 4) }
        #expect(error == .tooFewMarkedTokens(what: "texts", tokens: 3, blockLength: 4))
    }
}
