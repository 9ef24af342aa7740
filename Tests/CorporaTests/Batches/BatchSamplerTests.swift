import Corpora
import Foundation
import Testing

@Suite struct BatchSamplerTests {
    let folder = try! TemporaryFolder()

    /// `count` blocks of 4 tokens: block `i` holds 4i … 4i + 3.
    func blocks(_ count: Int) throws -> PackedBlocks {
        try PackedBlocks(shard: .make([(0..<Int32(4 * count)).map { $0 }], in: folder), blockLength: 4)
    }

    @Test(arguments: [1, 2, 3, 5, 7, 16])
    func everyBlockComesOnceAnEpoch(batchSize: Int) throws {
        let blocks = try blocks(7)
        var sampler = try BatchSampler(blocks: blocks, batchSize: batchSize, seed: 3)
        var drawn: [Int] = []
        for _ in 0..<7 * 3 {
            let batch = sampler.next()
            #expect(batch.batchSize == batchSize)
            #expect(batch == blocks.batch(batch.blockIndices))
            drawn += batch.blockIndices
        }
        var orders = Set<[Int]>()
        for epoch in 0..<3 * batchSize {
            let order = Array(drawn[7 * epoch..<7 * (epoch + 1)])
            #expect(order.sorted() == Array(0..<7))
            orders.insert(order)
        }
        #expect(orders.count > 1, "epochs are shuffled anew")
    }

    @Test(arguments: [true, false])
    func aRestoredSamplerGoesOnWithTheSameBatches(shuffle: Bool) throws {
        let blocks = try blocks(7)
        var sampler = try BatchSampler(blocks: blocks, batchSize: 3, seed: 11, shuffle: shuffle)
        var states = [sampler.state]
        var batches: [TokenBatch] = []
        for _ in 0..<20 {
            batches.append(sampler.next())
            states.append(sampler.state)
        }
        for (step, state) in states.enumerated() {
            let saved = try JSONDecoder().decode(BatchSamplerState.self, from: JSONEncoder().encode(state))
            var resumed = try BatchSampler(blocks: blocks, batchSize: 3, restoring: saved)
            var wound = try BatchSampler(blocks: blocks, batchSize: 3, seed: 999)
            try wound.restore(saved)
            for batch in batches[step...] {
                #expect(resumed.next() == batch)
                #expect(wound.next() == batch)
            }
            #expect(resumed.state == sampler.state)
        }
    }

    @Test func withoutShufflingTheOrderIsTheShards() throws {
        var sampler = try BatchSampler(blocks: blocks(5), batchSize: 2, seed: 0, shuffle: false)
        #expect((0..<5).flatMap { _ in sampler.next().blockIndices } == [0, 1, 2, 3, 4, 0, 1, 2, 3, 4])
    }

    /// The same numbers on every machine and in every release: an independent Python implementation gave these
    /// (`Oracles/sampler_order.py`).
    @Test func theOrderIsTheDocumentedOne() throws {
        var sampler = try BatchSampler(blocks: blocks(10), batchSize: 10, seed: 42)
        #expect(sampler.next().blockIndices == [5, 1, 4, 8, 6, 3, 9, 2, 0, 7])
        #expect(sampler.next().blockIndices == [9, 8, 6, 1, 3, 5, 0, 4, 7, 2])
    }

    /// A fair shuffle puts every block at every place equally often: chi-square over 81 degrees of freedom, p ≈ 0.001 at 124.8.
    @Test func theShuffleIsFair() throws {
        let blocks = try blocks(10)
        var counts = [[Double]](repeating: [Double](repeating: 0, count: 10), count: 10)
        let trials = 5000
        for seed in 0..<trials {
            var sampler = try BatchSampler(blocks: blocks, batchSize: 10, seed: UInt64(seed))
            for (place, block) in sampler.next().blockIndices.enumerated() { counts[place][block] += 1 }
        }
        let expected = Double(trials) / 10
        let chiSquare = counts.joined().reduce(0) { $0 + ($1 - expected) * ($1 - expected) / expected }
        #expect(chiSquare < 124.8)
    }

    @Test func aStateOfOtherBlocksIsRefused() throws {
        let blocks = try blocks(7)
        let state = try BatchSampler(blocks: blocks, batchSize: 2, seed: 1).state
        let longer = try PackedBlocks(shard: blocks.shard, blockLength: 7)
        #expect(throws: CorpusError.self) { try BatchSampler(blocks: longer, batchSize: 2, restoring: state) }
        let other = try PackedBlocks(shard: .make([[Int32](repeating: 1, count: 28)], in: folder, name: "other"), blockLength: 4)
        #expect(throws: CorpusError.self) { try BatchSampler(blocks: other, batchSize: 2, restoring: state) }
        for position in [-1, 8] {
            var altered = state
            altered.position = position
            #expect(throws: CorpusError.self) { try BatchSampler(blocks: blocks, batchSize: 2, restoring: altered) }
        }
        #expect(throws: CorpusError.self) { try BatchSampler(blocks: blocks, batchSize: 0, seed: 1) }
    }
}
