import Corpora
import Foundation
import Testing

@Suite struct MixtureSamplerTests {
    let folder = try! TemporaryFolder()

    /// `count` blocks of 4 tokens: block `i` holds `first` + 4i … `first` + 4i + 3.
    private func blocks(_ count: Int, from first: Int32, length: Int = 4) throws -> PackedBlocks {
        let tokens = (0..<Int32(4 * count)).map { first + $0 }
        return try PackedBlocks(
            shard: .make([tokens], in: folder, name: "\(first)-\(count).tokens"), blockLength: length)
    }

    private func sampler(_ weights: [Double], batchSize: Int = 2, seed: UInt64 = 3) throws -> MixtureSampler {
        try MixtureSampler(
            [
                .init(blocks(11, from: 0), weight: weights[0]), .init(blocks(5, from: 100), weight: weights[1]),
                .init(blocks(3, from: 200), weight: weights[2]),
            ], batchSize: batchSize, seed: seed)
    }

    @Test(arguments: [[0.9, 0.07, 0.03], [1, 1, 1], [3, 6, 1]])
    func everyCorpusGivesItsShareAtEveryMoment(weights: [Double]) throws {
        var sampler = try sampler(weights)
        var counts = [0, 0, 0]
        for drawn in 1...200 {
            for block in sampler.next().blockIndices { counts[block < 11 ? 0 : block < 16 ? 1 : 2] += 1 }
            for (count, weight) in zip(counts, weights) {
                #expect(abs(Double(count) - weight / weights.reduce(0, +) * Double(2 * drawn)) <= 1.0001)
            }
        }
    }

    @Test func blocksAreNumberedThroughAndEachComesOnceAnEpochOfItsCorpus() throws {
        var sampler = try sampler([1, 1, 1], batchSize: 3)
        let alone = try [blocks(11, from: 0), blocks(5, from: 100), blocks(3, from: 200)]
        var drawn: [[Int]] = [[], [], []]
        for _ in 0..<15 {
            let batch = sampler.next()
            #expect(batch.batchSize == 3 && batch.sequenceLength == 4)
            for (row, index) in batch.blockIndices.enumerated() {
                let source = index < 11 ? 0 : index < 16 ? 1 : 2
                let local = index - [0, 11, 16][source]
                drawn[source].append(local)
                let expected = alone[source].block(local)
                #expect(Array(batch.inputIDs[4 * row..<4 * row + 4]) == expected.inputIDs)
                #expect(Array(batch.targetIDs[4 * row..<4 * row + 4]) == expected.targetIDs)
                #expect(Array(batch.validMask[4 * row..<4 * row + 4]) == expected.validMask)
                #expect(Set(batch.documentIDs[4 * row..<4 * row + 4]) == [Int32(source)])
            }
        }
        #expect(drawn[0].prefix(11).sorted() == Array(0..<11))
        #expect(drawn[1].prefix(5).sorted() == Array(0..<5) && drawn[1][5..<10].sorted() == Array(0..<5))
        #expect(drawn[2].prefix(3).sorted() == Array(0..<3))
    }

    /// What a reference is asked for by numbers is what was drawn.
    @Test func aBlockIsFoundByItsNumber() throws {
        var sampler = try sampler([2, 1, 1], batchSize: 5)
        #expect(sampler.series.count == 19)
        for _ in 0..<8 {
            let batch = sampler.next()
            #expect(sampler.series.batch(batch.blockIndices) == batch)
        }
        let padded = try BlockSeries(
            [blocks(2, from: 0), blocks(2, from: 50)].map { try PackedBlocks(shard: $0.shard, blockLength: 5, tail: .pad) })
        let last = padded.batch([3])
        #expect(last.documentIDs == [1, 1, 1, -1, -1] && last.inputIDs == [55, 56, 57, 0, 0])
    }

    /// The noisy part of a mixture comes in the order that it has alone.
    @Test func aCorpusKeepsItsOwnOrder() throws {
        var mixed = try sampler([0.8, 0.1, 0.1], batchSize: 1)
        var alone = try BatchSampler(blocks: blocks(11, from: 0), batchSize: 1, seed: 3)
        var first: [Int] = []
        while first.count < 15 { first += mixed.next().blockIndices.filter { $0 < 11 } }
        #expect(first == (0..<15).flatMap { _ in alone.next().blockIndices })
    }

    @Test func aRestoredSamplerGoesOnWithTheSameBatches() throws {
        var sampler = try sampler([5, 3, 1])
        for _ in 0..<40 {
            let saved = try JSONEncoder().encode(sampler.states)
            var resumed = try self.sampler([5, 3, 1])
            try resumed.restore(JSONDecoder().decode([BatchSamplerState].self, from: saved))
            #expect(resumed.next() == sampler.next())
            #expect(resumed.states == sampler.states)
        }
    }

    @Test func foreignStatesAndUnusableMixturesAreRefused() throws {
        var sampler = try sampler([1, 1, 1])
        let states = sampler.states
        #expect(throws: CorpusError.self) { try sampler.restore(Array(states.prefix(2))) }
        #expect(throws: CorpusError.self) { try sampler.restore([states[1], states[0], states[2]]) }
        var single = try BatchSampler(blocks: blocks(11, from: 0), batchSize: 1, seed: 3)
        #expect(throws: CorpusError.self) { try single.restore(states) }
        #expect(throws: CorpusError.self) { try MixtureSampler([], batchSize: 1, seed: 0) }
        #expect(throws: CorpusError.self) { try self.sampler([1, 0, 1]) }
        #expect(throws: CorpusError.self) { try self.sampler([1, 1, 1], batchSize: 0) }
        let lengths = [
            MixtureSampler.Source(try blocks(5, from: 0), weight: 1), .init(try blocks(8, from: 0, length: 8), weight: 1),
        ]
        #expect(throws: CorpusError.self) { try MixtureSampler(lengths, batchSize: 1, seed: 0) }
        let shard = try blocks(5, from: 0).shard
        for other in [
            try PackedBlocks(shard: shard, blockLength: 4, separatorID: 7),
            try PackedBlocks(shard: shard, blockLength: 4, tail: .pad),
        ] {
            #expect(throws: CorpusError.self) { try BlockSeries([blocks(5, from: 0), other]) }
        }
    }
}
