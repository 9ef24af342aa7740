import Corpora
import Testing

@Suite struct EvaluationBatchesTests {
    let folder = try! TemporaryFolder()

    @Test(arguments: [1, 2, 3, 4, 9])
    func everyTargetComesOnceInOrder(batchSize: Int) throws {
        // 30 tokens in blocks of 7: four whole blocks and a tail of 2.
        let shard = try TokenShard.make([Array(100..<119), Array(200..<211)], in: folder)
        let blocks = try PackedBlocks(shard: shard, blockLength: 7, tail: .pad)
        let batches = try EvaluationBatches(blocks: blocks, batchSize: batchSize)
        #expect(Array(batches).flatMap(\.blockIndices) == [0, 1, 2, 3, 4])
        #expect(Array(batches).count == batches.count)
        #expect(batches.dropLast().allSatisfy { $0.batchSize == batchSize })
        let targets = batches.flatMap { batch in zip(batch.targetIDs, batch.validMask).filter(\.1).map(\.0) }
        // The first token of every block is nobody's target.
        let all = Array(100..<119).map { Int32($0) } + Array(200..<211).map { Int32($0) }
        #expect(targets == all.enumerated().filter { $0.offset % 7 != 0 }.map(\.element))
        #expect(batches.reduce(0) { $0 + $1.validCount } == 4 * 6 + 1)
    }

    @Test func aLimitTakesBlocksFromAllOver() throws {
        let blocks = try PackedBlocks(shard: .make([Array(0..<40)], in: folder), blockLength: 4)
        #expect(try EvaluationBatches(blocks: blocks, batchSize: 2, limit: 3).flatMap(\.blockIndices) == [0, 3, 6])
        #expect(
            try EvaluationBatches(blocks: blocks, batchSize: 4, limit: 9).flatMap(\.blockIndices) == [0, 1, 2, 3, 4, 5, 6, 7, 8])
        #expect(try EvaluationBatches(blocks: blocks, batchSize: 2, limit: 300).blockCount == 10)
        #expect(throws: CorpusError.self) { try EvaluationBatches(blocks: blocks, batchSize: 2, limit: 0) }
        #expect(throws: CorpusError.self) { try EvaluationBatches(blocks: blocks, batchSize: 0) }
    }
}
