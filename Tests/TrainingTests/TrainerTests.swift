import Corpora
import ModelFixtures
import Models
import RunRecords
import Testing
import TokenSelection
import Torch
import Training

@Suite struct TrainerTests {
    private func trainer(
        _ selector: TokenSelector, steps: Int = 3, dropout: Double = 0, reference: Bool = false, wholeModel: Bool = false,
        _ change: (inout Trainer.Options) -> Void = { _ in }
    ) throws -> Trainer {
        let model = try LlamaModel.tiny()
        var options = Trainer.Options(stepCount: steps)
        options.optimizer.learningRate = 1e-2
        change(&options)
        return try Trainer(
            model: model, adapter: wholeModel ? nil : LoRAAdapter.random(for: model, dropout: dropout),
            sampler: TokenBlocks(count: 12, blockLength: 16).sampler(batchSize: 2, shuffle: true), selector: selector,
            reference: reference ? LiveReference(model) : nil, options: options)
    }

    private func weights(of trainer: Trainer) -> [[UInt32]] {
        trainer.trained.map { $0.tensor.values(Float.self).map(\.bitPattern) }
    }

    /// With every token selected, whatever the policy, the pool and the accumulation, weights are those of plain training
    /// to the last bit.
    @Test(arguments: SelectionPolicyRegistry.names, TokenSelector.Pool.allCases)
    func aRatioOfOneIsPlainTraining(policy: String, pool: TokenSelector.Pool) throws {
        for accumulation in [1, 2] {
            let plain = try trainer(.everything) { $0.accumulation = accumulation }
            let selector = try TokenSelector(
                score: ExcessLossScore(), policy: SelectionPolicyRegistry.policy(named: policy), ratio: 1, pool: pool)
            let selective = try trainer(selector, reference: true) { $0.accumulation = accumulation }
            let before = weights(of: plain)
            for _ in 0..<3 {
                let (left, right) = (try plain.advance(), try selective.advance())
                #expect(left.selectedLoss == right.selectedLoss && left.gradientNorm == right.gradientNorm)
                #expect(right.selectedTokens == right.validTokens)
            }
            #expect(weights(of: plain) == weights(of: selective))
            #expect(weights(of: plain) != before)
        }
    }

    /// A bfloat16 base under a float32 adapter learns as float32 does, and its optimizer keeps float32.
    @Test func bfloat16FollowsFloat32() throws {
        func run(_ dtype: DType) throws -> [StepMetrics] {
            let model = try LlamaModel.tiny(dtype: dtype)
            var options = Trainer.Options(stepCount: 10)
            options.optimizer.learningRate = 1e-2
            let trainer = try Trainer(
                model: model, adapter: LoRAAdapter.random(for: model),
                sampler: TokenBlocks(count: 12, blockLength: 16).sampler(batchSize: 2, shuffle: true),
                selector: TokenSelector(score: ExcessLossScore(), policy: TopKPolicy(), ratio: 0.5),
                reference: LiveReference(model), options: options)
            let metrics = try (0..<10).map { _ in try trainer.advance() }
            #expect(trainer.trained.allSatisfy { $0.tensor.dtype == .float32 })
            return metrics
        }
        let (found, expected) = (try run(.bfloat16), try run(.float32))
        for (left, right) in zip(found, expected) {
            #expect(abs(left.loss - right.loss) < 0.02 * right.loss, "step \(left.step)")
            #expect(abs(left.gradientNorm - right.gradientNorm) < 0.15 * right.gradientNorm, "step \(left.step)")
        }
        #expect(expected[9].selectedLoss < expected[0].selectedLoss)
    }

    /// The same recipe and seed, twice; and with another seed.
    @Test(arguments: [false, true]) func aSeedDeterminesTheRun(wholeModel: Bool) throws {
        func run(seed: UInt64) throws -> [[UInt32]] {
            let trainer = try trainer(
                TokenSelector(policy: StochasticPolicy(), ratio: 0.5), dropout: wholeModel ? 0 : 0.2, wholeModel: wholeModel
            ) { $0.seed = seed }
            while !trainer.isFinished { _ = try trainer.advance() }
            return weights(of: trainer)
        }
        #expect(try run(seed: 4) == run(seed: 4))
        #expect(try run(seed: 4) != run(seed: 5))
    }

    /// The mean of the micro-batches' means: with unequal counts another gradient than one division gives, with equal ones the
    /// same but for rounding. Also where the head is trained, whose gradient is taken by hand.
    @Test(arguments: [false, true]) func aMeanOfMeansWeighsMicroBatchesAlike(wholeModel: Bool) throws {
        func gradientNorm(_ batches: [[Int]], means: Bool) throws -> Double {
            let model = try LlamaModel.tiny()
            let trained = wholeModel ? nil : try LoRAAdapter.random(for: model)
            for (_, tensor) in trained?.parameters ?? model.parameters { tensor.requiresGradient = true }
            let step = SelectedLossStep(
                model: model, adapter: trained, selector: .everything, reference: nil, scoresWithDropout: false,
                meansPerMicroBatch: means, seed: RunSeed(value: 0))
            let blocks = try TokenBlocks(count: 6, blockLength: 16).blocks
            let result = try step(batches.map { blocks.batch($0) }, step: 1)
            #expect(result.gradientDivisor == (means ? batches.count : batches.joined().count * 15))
            let squares = (trained?.parameters ?? model.parameters).compactMap { $0.tensor.gradient }.map {
                ($0 * $0).sum().item(Double.self)
            }
            return squares.reduce(0, +).squareRoot() / Double(result.gradientDivisor)
        }
        let even = [[0, 1], [2, 3]]
        #expect(try abs(gradientNorm(even, means: true) / gradientNorm(even, means: false) - 1) < 1e-5)
        let uneven = [[0, 1, 2], [3]]
        #expect(try abs(gradientNorm(uneven, means: true) / gradientNorm(uneven, means: false) - 1) > 1e-3)
        // One micro-batch three times is itself.
        #expect(try abs(gradientNorm([[3], [3], [3]], means: true) / gradientNorm([[3]], means: true) - 1) < 1e-5)
    }

    @Test func trainingLowersTheLoss() throws {
        let trainer = try trainer(.everything, steps: 60)
        let first = try trainer.advance().loss
        var last = first
        while !trainer.isFinished { last = try trainer.advance().loss }
        #expect(last < 0.8 * first)
    }

    /// A NaN among the weights is found before anything is ranked or changed, named by its layer, and the trainer goes on.
    @Test func aLossThatIsNotFiniteLeavesTheWeights() throws {
        for policy in [TopKPolicy(), StochasticPolicy(), RandomPolicy()] as [any SelectionPolicy] {
            let trainer = try trainer(TokenSelector(policy: policy, ratio: 0.5, pool: .batch))
            let poisoned = trainer.trained.first { $0.name.hasSuffix("lora_B.weight") }!.tensor
            let healthy = poisoned.cloned()
            withoutGradient { poisoned.assign(Tensor.full(poisoned.shape, .nan)) }
            let before = weights(of: trainer)
            let skipped = try trainer.advance()
            #expect(skipped.skipped == SkippedStep(.loss, module: "model.layers.0"))
            #expect(skipped.loss.isNaN && skipped.selectedLoss.isNaN && skipped.selectedTokens == 0)
            #expect(weights(of: trainer) == before)
            #expect(trainer.progress.tokensSeen == 30 && trainer.progress.skippedInARow == 1)
            poisoned.assign(healthy)
            #expect(try trainer.advance().skipped == nil)
            #expect(weights(of: trainer) != before)
            #expect(trainer.progress.skippedSteps == 1 && trainer.progress.skippedInARow == 0)
        }
    }

    @Test func aReferenceThatIsNotFiniteIsNamed() throws {
        final class Broken: ReferenceLoss {
            func measurements(of batch: TokenBatch, entropy: Bool) -> ReferenceMeasurements {
                ReferenceMeasurements(loss: .full([batch.validCount], .nan))
            }
        }
        let model = try LlamaModel.tiny()
        let trainer = try Trainer(
            model: model, adapter: .random(for: model), sampler: TokenBlocks(count: 4, blockLength: 16).sampler(batchSize: 2),
            selector: TokenSelector(score: ExcessLossScore(), policy: TopKPolicy(), ratio: 0.5), reference: Broken(),
            options: Trainer.Options(stepCount: 1))
        #expect(throws: TrainingError.nonFiniteReference(step: 1)) { try trainer.advance() }
    }

    @Test func aScoreThatComparesNeedsAReference() throws {
        let selector = try TokenSelector(score: ExcessLossScore(), policy: TopKPolicy(), ratio: 0.5)
        #expect(throws: TrainingError.referenceMissing(score: "ExcessLossScore")) { try trainer(selector) }
    }

    /// A reference that remembers gives what it was told, whatever the order of the blocks.
    @Test func aRememberedReferenceAsksOnce() throws {
        let live = LiveReference(try LlamaModel.tiny())
        let counting = CountingReference(live)
        let remembered = RememberedReference(counting)
        let blocks = try TokenBlocks(count: 4, blockLength: 16).blocks
        _ = try remembered.losses(of: blocks.batch([0, 1, 2, 3]))
        for order in [[0, 1, 2, 3], [2, 0], [3, 3]] {
            let found: [Float] = try remembered.losses(of: blocks.batch(order)).values()
            let expected: [Float] = live.measurements(of: blocks.batch(order), entropy: false).loss.values()
            #expect(Difference(found, expected).isWithin(absolute: 1e-5))
        }
        #expect(counting.calls == 1)
        // Entropies weren't asked for, so they are one more pass.
        let entropies: [Float] = try #require(remembered.measurements(of: blocks.batch([3, 1]), entropy: true).entropy).values()
        let expected: [Float] = try #require(live.measurements(of: blocks.batch([3, 1]), entropy: true).entropy).values()
        #expect(Difference(entropies, expected).isWithin(absolute: 1e-5))
        #expect(counting.calls == 2)
        _ = try remembered.measurements(of: blocks.batch([1, 3]), entropy: true)
        #expect(counting.calls == 2)
    }
}
