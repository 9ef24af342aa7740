import Corpora
import Foundation
import ModelFixtures
import Models
import RunRecords
import Testing
import TokenSelection
import Torch
import Training

@Suite struct StoredReferenceTests {
    private static let blockCount = 12

    private func layout(
        _ blocks: PackedBlocks, _ storedAs: ReferenceLossLayout.Precision = .float32, entropies: Bool = false
    ) -> ReferenceLossLayout {
        ReferenceLossLayout(
            key: ReferenceLossKey(
                tokens: blocks.shard.contentHash, blockLength: blocks.blockLength, separatorID: nil, tail: blocks.tail.rawValue,
                model: "tiny", adapter: nil, precision: "float32", numerics: ScoringNumerics.version),
            storedAs: storedAs, hasEntropies: entropies)
    }

    /// A store of all blocks, scored two at a time as training sees them.
    private func store(
        _ source: any ReferenceLoss, _ blocks: PackedBlocks, in folder: TemporaryFolder, _ layout: ReferenceLossLayout
    ) throws -> StoredReference {
        let store = try ReferenceLossStore(at: folder.file("store"), layout: layout)
        let remembered = RememberedReference(source, store: store)
        try remembered.expect(0..<blocks.count)
        for index in stride(from: 0, to: blocks.count, by: 2) { _ = try remembered.losses(of: blocks.batch([index, index + 1])) }
        // Written by itself, with the last block.
        return try StoredReference(ReferenceLossFile(folder.file("store")), key: layout.key)
    }

    /// What a run of some steps leaves: its metrics and weights, without times.
    private func train(_ reference: any ReferenceLoss, on blocks: PackedBlocks) throws -> (
        metrics: [StepMetrics], weights: [Float]
    ) {
        let model = try LlamaModel.tiny()
        var options = Trainer.Options(stepCount: 9)
        options.optimizer.learningRate = 1e-2
        let trainer = try Trainer(
            model: model, adapter: .random(for: model),
            sampler: BatchSampler(blocks: blocks, batchSize: 2, seed: 3),
            selector: TokenSelector(score: ExcessLossScore(), policy: TopKPolicy(), ratio: 0.4), reference: reference,
            options: options)
        let metrics = try (0..<9).map { _ in
            var metrics = try trainer.advance()
            metrics.seconds = 0
            return metrics
        }
        return (metrics, trainer.trained.flatMap { $0.tensor.values(Float.self) })
    }

    /// In float32 a stored reference is the live one: the same tokens, the same losses, the same weights, to the last bit.
    @Test func trainingWithAStoreIsTrainingWithTheReference() throws {
        let folder = try TemporaryFolder()
        let blocks = try TokenBlocks(count: Self.blockCount, blockLength: 16).blocks
        let reference = LiveReference(try LlamaModel.tiny(seed: 4))
        let live = try train(reference, on: blocks)
        let stored = try train(store(reference, blocks, in: folder, layout(blocks)), on: blocks)
        #expect(stored.metrics == live.metrics)
        #expect(stored.weights.map(\.bitPattern) == live.weights.map(\.bitPattern))
    }

    /// In float16 a loss moves by 1/2048 of itself, and so do few tokens at the margin.
    @Test func halfPrecisionKeepsTheLossCurve() throws {
        let folder = try TemporaryFolder()
        let blocks = try TokenBlocks(count: Self.blockCount, blockLength: 16).blocks
        let reference = LiveReference(try LlamaModel.tiny(seed: 4))
        let live = try train(reference, on: blocks)
        let stored = try train(store(reference, blocks, in: folder, layout(blocks, .float16)), on: blocks)
        #expect(stored.metrics.map(\.selectedTokens) == live.metrics.map(\.selectedTokens))
        for (stored, live) in zip(stored.metrics, live.metrics) {
            #expect(abs(stored.loss - live.loss) < 0.01 * live.loss)
            #expect(abs(stored.selectedLoss - live.selectedLoss) < 0.01 * live.selectedLoss)
        }
    }

    @Test func aStoreRemembersForTheNextProcess() throws {
        let folder = try TemporaryFolder()
        let blocks = try TokenBlocks(count: 4, blockLength: 16).blocks
        let layout = layout(blocks)
        let first = CountingReference(LiveReference(try LlamaModel.tiny()))
        let expected: [Float]
        do {
            let reference = RememberedReference(first, store: try ReferenceLossStore(at: folder.file("store"), layout: layout))
            expected = try reference.losses(of: blocks.batch([2, 0])).values()
            #expect(first.calls == 1 && reference.secondsPerBlock > 0)
        }
        // Killed before all blocks were scored: the log alone is there.
        #expect(!FileManager.default.fileExists(atPath: folder.file("store").path))
        struct Opened: Error {}
        func failing() throws -> LiveReference { throw Opened() }
        let second = RememberedReference(
            try failing(), store: try ReferenceLossStore(at: folder.file("store"), layout: layout))
        #expect(try second.losses(of: blocks.batch([2, 0])).values(Float.self) == expected)
        #expect(second.secondsPerBlock > 0)
        #expect(throws: Opened.self) { try second.losses(of: blocks.batch([1])) }
        try second.expect([0, 2])
        #expect(try ReferenceLossFile(folder.file("store")).blocks == [0, 2])
    }

    @Test func entropiesAreStoredWhereTheLayoutHasThem() throws {
        let (plain, folder) = (try TemporaryFolder(), try TemporaryFolder())
        let blocks = try TokenBlocks(count: 2, blockLength: 16).blocks
        let live = LiveReference(try LlamaModel.tiny())
        let stored = try store(live, blocks, in: folder, layout(blocks, entropies: true))
        let expected = live.measurements(of: blocks.batch([1, 0]), entropy: true)
        let found = try stored.measurements(of: blocks.batch([1, 0]), entropy: true)
        let entropies: [Float] = try #require(found.entropy).values()
        #expect(Difference(entropies, expected.entropy!.values(Float.self)).isWithin(absolute: 1e-5))
        #expect(Difference(found.loss.values(Float.self), expected.loss.values(Float.self)).isWithin(absolute: 1e-5))

        let without = try store(live, blocks, in: plain, layout(blocks))
        #expect(throws: TrainingError.noStoredEntropies(file: plain.file("store").path)) {
            try without.measurements(of: blocks.batch([0]), entropy: true)
        }
    }

    @Test func anotherReferencesStoreIsRefused() throws {
        let folder = try TemporaryFolder()
        let blocks = try TokenBlocks(count: 2, blockLength: 16).blocks
        let file = try store(LiveReference(try LlamaModel.tiny()), blocks, in: folder, layout(blocks)).file
        var key = layout(blocks).key
        key.adapter = "an adapter's hash"
        let error = #expect(throws: RunRecordError.self) { try StoredReference(file, key: key) }
        #expect("\(error!)".contains("adapter: the store has none, needed is an adapter's hash"))
    }
}
