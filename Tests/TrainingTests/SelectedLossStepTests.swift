import Corpora
import ModelFixtures
import Models
import Testing
import TokenSelection
import Torch
import Training

@Suite struct SelectedLossStepTests {
    /// Eight blocks in which between none and all of the tokens are valid.
    private func blocks(of length: Int = 12) throws -> [TokenBatch] {
        let blocks = try TokenBlocks(count: 8, blockLength: length).blocks
        let uniform: [Double] = Generator(seed: 6).uniform([8, length], dtype: .float64).values()
        return (0..<8).map { index in
            var batch = blocks.block(index)
            for place in 0..<length where uniform[index * length + place] > Double(index) / 6 { batch.validMask[place] = false }
            return batch
        }
    }

    private func joined(_ parts: ArraySlice<TokenBatch>) -> TokenBatch {
        TokenBatch(
            batchSize: parts.count, sequenceLength: parts.first!.sequenceLength, inputIDs: parts.flatMap(\.inputIDs),
            targetIDs: parts.flatMap(\.targetIDs),
            validMask: parts.flatMap(\.validMask), documentIDs: parts.flatMap(\.documentIDs),
            blockIndices: parts.flatMap(\.blockIndices))
    }

    private struct Outcome {
        var gradient: [Float]
        var result: SelectedLossStep.Result
    }

    /// The gradient of one step over the eight blocks in micro-batches of `size`, divided by the selected count.
    private func outcome(
        _ selector: TokenSelector, microBatchOf size: Int, dropout: Double = 0, scoresWithDropout: Bool = false,
        length: Int = 12, tied: Bool = true, fused: Bool = true
    ) throws -> Outcome {
        let model = try LlamaModel.tiny(.tiny(tied: tied))
        model.fusesLayers = fused
        let adapter = try LoRAAdapter.random(for: model, dropout: dropout)
        let reference = LiveReference(model)
        for (_, tensor) in adapter.parameters { tensor.requiresGradient = true }
        let blocks = try blocks(of: length)
        let window = stride(from: 0, to: 8, by: size).map { joined(blocks[$0..<$0 + size]) }
        let step = SelectedLossStep(
            model: model, adapter: adapter, selector: selector, reference: reference, scoresWithDropout: scoresWithDropout,
            seed: RunSeed(value: 17))
        let result = try step(window, step: 1)
        let gradient = try adapter.parameters.flatMap { name, tensor -> [Float] in
            try #require(tensor.gradient, "\(name)").values()
        }
        return Outcome(gradient: gradient.map { $0 / Float(result.selectedCount) }, result: result)
    }

    /// Every policy and score; 8 blocks at once are scored and trained in one pass, fewer in two.
    @Test(arguments: ["all", "random", "stochastic", "topK"], ["loss", "excessLoss", "entropy"])
    func splittingABatchChangesNothing(policy: String, score: String) throws {
        let selector = try TokenSelector(
            score: TokenScoreRegistry.score(named: score), policy: SelectionPolicyRegistry.policy(named: policy),
            ratio: policy == "all" ? 1 : 0.4, pool: .batch)
        let whole = try outcome(selector, microBatchOf: 8)
        let valid = try blocks().reduce(0) { $0 + $1.validCount }
        #expect(whole.result.validCount == valid)
        #expect(whole.result.selectedCount == selector.count(of: valid))
        for size in [4, 2, 1] {
            let parts = try outcome(selector, microBatchOf: size)
            #expect(parts.result.selectedCount == whole.result.selectedCount)
            #expect(abs(parts.result.selectedLossSum - whole.result.selectedLossSum) < 1e-4)
            #expect(abs(parts.result.lossSum - whole.result.lossSum) < 1e-4)
            let difference = Difference(parts.gradient, whole.gradient)
            #expect(difference.relativeNorm < 1e-5, "micro-batches of \(size): \(difference)")
        }
    }

    /// The layers that run in practice against those made of operators: the same tokens, losses and gradients, with masked rows among
    /// blocks of odd length.
    @Test(
        arguments: ["all", "random", "stochastic", "topK"],
        [TokenSelector.Pool.sequence, .microBatch, .batch].flatMap { [($0, true), ($0, false)] })
    func fastLayersTakeThePlainLayersStep(_ policy: String, _ work: (pool: TokenSelector.Pool, tied: Bool)) throws {
        let selector = try TokenSelector(
            score: TokenScoreRegistry.score(named: "excessLoss"), policy: SelectionPolicyRegistry.policy(named: policy),
            ratio: policy == "all" ? 1 : 0.4, pool: work.pool)
        for dropout in [0, 0.3] {
            func run(fused: Bool) throws -> Outcome {
                try outcome(selector, microBatchOf: 2, dropout: dropout, length: 13, tied: work.tied, fused: fused)
            }
            let (fast, plain) = (try run(fused: true), try run(fused: false))
            #expect(fast.result.selected == plain.result.selected)
            let (losses, selectedLosses) = (plain.result.lossSums, plain.result.selectedLossSums)
            #expect(Difference(fast.result.lossSums, losses).largest < 1e-5 * losses.max()!)
            #expect(Difference(fast.result.selectedLossSums, selectedLosses).largest < 1e-5 * selectedLosses.max()!)
            let difference = Difference(fast.gradient, plain.gradient)
            #expect(difference.relativeNorm < 1e-4 && difference.scale > 0, "\(difference)")
        }
    }

    /// The same eight blocks: what competes with what is all that differs.
    @Test func poolsDiffer() throws {
        func counts(_ pool: TokenSelector.Pool) throws -> Outcome {
            try outcome(TokenSelector(policy: TopKPolicy(), ratio: 0.4, pool: pool), microBatchOf: 2)
        }
        let (sequence, microBatch, batch) = (try counts(.sequence), try counts(.microBatch), try counts(.batch))
        let valid = try blocks().map(\.validCount)
        func k(_ count: Int) -> Int { count == 0 ? 0 : max(1, Int(0.4 * Double(count))) }
        #expect(sequence.result.selectedCount == valid.reduce(0) { $0 + k($1) })
        #expect(
            microBatch.result.selectedCount == stride(from: 0, to: 8, by: 2).reduce(0) { $0 + k(valid[$1] + valid[$1 + 1]) })
        #expect(batch.result.selectedCount == k(valid.reduce(0, +)))
        // The wider the pool, the higher the losses it can find for a place.
        func mean(_ outcome: Outcome) -> Double { outcome.result.selectedLossSum / Double(outcome.result.selectedCount) }
        #expect(mean(batch) > mean(microBatch))
        #expect(Difference(sequence.gradient, batch.gradient).relativeNorm > 1e-3)
        #expect(Difference(microBatch.gradient, batch.gradient).relativeNorm > 1e-3)
    }

    /// Without dropout in the scores the selection is that of the base pass, and dropout is in the gradient alone.
    @Test func scoresAreTakenWithoutDropoutUnlessAskedFor() throws {
        let selector = try TokenSelector(policy: TopKPolicy(), ratio: 0.4)
        let plain = try outcome(selector, microBatchOf: 8)
        let dropped = try outcome(selector, microBatchOf: 8, dropout: 0.5)
        let seeds = try outcome(selector, microBatchOf: 8, dropout: 0.5, scoresWithDropout: true)
        #expect(dropped.result.selectedLossSum == plain.result.selectedLossSum)
        #expect(Difference(dropped.gradient, plain.gradient).relativeNorm > 1e-2)
        #expect(seeds.result.selectedLossSum != plain.result.selectedLossSum)
    }

    @Test func aWindowWithoutAValidTokenIsAnError() throws {
        var batch = try blocks()[7]
        batch.validMask = batch.validMask.map { _ in false }
        let step = SelectedLossStep(
            model: try LlamaModel.tiny(), adapter: nil, selector: .everything, reference: nil, scoresWithDropout: false,
            seed: RunSeed(value: 0))
        #expect(throws: SelectionError.nothingValid) { _ = try step([batch, batch], step: 1) }
    }
}
