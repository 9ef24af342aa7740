import Corpora
import Foundation
import ModelFixtures
import Models
import RankFixtures
import RunRecords
import Testing
import TokenSelection
import Torch
import Training

/// Several ranks against one process, at the same global batch.
@Suite struct ParallelTrainerTests {
    /// What a rank can tell of its run.
    private struct Course: Sendable {
        var metrics: [StepMetrics] = []
        var selections: [SelectionStep] = []
        var weights: [[Float]] = []
        var evaluation: [Float] = []

        var weightBits: [[UInt32]] { weights.map { $0.map(\.bitPattern) } }
    }

    private struct Setting: Sendable {
        var policy = "topK"
        var score = "loss"
        var pool = TokenSelector.Pool.microBatch
        var ties = TokenSelector.Ties.earlier
        var accumulation = 2
        var dropout = 0.0
        var wholeModel = false
        var means = false
        var recomputes = false
        var steps = 3
        /// Makes the loss of the block that starts with token 60 NaN.
        var poison = false
    }

    private func course(_ setting: Setting, on ranks: ProcessGroup) throws -> Course {
        let model = try LlamaModel.tiny(.tiny(tied: false))
        var options = Trainer.Options(stepCount: setting.steps)
        options.optimizer.learningRate = 1e-3
        options.accumulation = setting.accumulation
        options.meansPerMicroBatch = setting.means
        let selector =
            setting.policy == "all"
            ? .everything
            : try TokenSelector(
                score: TokenScoreRegistry.score(named: setting.score),
                policy: SelectionPolicyRegistry.policy(named: setting.policy),
                ratio: 0.4, pool: setting.pool, ties: setting.ties)
        // Token 60 stands in one block alone.
        let count = 2 * setting.accumulation * setting.steps
        let uniform: [Double] = Generator(seed: 5).uniform([count * 16], dtype: .float64).values()
        var tokens = uniform.map { Int32($0 * 60) }
        tokens[(2 * setting.accumulation + 1) * 16] = 60
        if setting.poison {
            let embedding = model.parameters["model.embed_tokens.weight"]!
            withoutGradient { embedding.slice(60..<61).assign(.full([1, 32], .nan)) }
        }
        let blocks = try TokenBlocks(tokens, blockLength: 16)
        let trainer = try Trainer(
            model: model, stepModel: setting.recomputes ? model.recomputingLayers() : nil,
            adapter: setting.wholeModel ? nil : LoRAAdapter.random(for: model, dropout: setting.dropout),
            sampler: blocks.sampler(batchSize: 2), selector: selector, reference: LiveReference(model), options: options,
            ranks: ranks)
        var course = Course()
        while !trainer.isFinished {
            var metrics = try trainer.advance()
            metrics.seconds = 0
            course.metrics.append(metrics)
            course.selections.append(trainer.lastSelection!)
        }
        course.weights = trainer.trained.map { $0.tensor.values() }
        let evaluator = Evaluator(model, adapter: trainer.adapter, ranks: ranks)
        course.evaluation = try evaluator.tokenLosses(over: EvaluationBatches(blocks: blocks.blocks, batchSize: 1, limit: 7))
            .losses
        return course
    }

    private func courses(_ setting: Setting, ranks: Int) throws -> [Course] {
        try RankThreads.run(ranks) { try course(setting, on: $0) }
    }

    // MARK: Two ranks of one micro-batch each: one sum of two, which has one order

    @Test(arguments: SelectionPolicyRegistry.names, TokenSelector.Pool.allCases)
    func twoRanksHaveOneProcessBits(policy: String, pool: TokenSelector.Pool) throws {
        for (score, ties) in [("loss", TokenSelector.Ties.earlier), ("excessLoss", .random)] {
            let setting = Setting(policy: policy, score: score, pool: pool, ties: ties)
            let one = try courses(setting, ranks: 1)[0]
            for rank in try courses(setting, ranks: 2) {
                #expect(rank.selections == one.selections, "\(score)")
                #expect(rank.metrics == one.metrics, "\(score)")
                #expect(rank.weightBits == one.weightBits, "\(score)")
                #expect(rank.evaluation == one.evaluation, "\(score)")
            }
        }
    }

    /// Dropout, scores that compare tokens, means of means, a whole model, and layers that are run twice.
    @Test(arguments: [
        Setting(pool: .batch, dropout: 0.3), Setting(policy: "stochastic", dropout: 0.3),
        Setting(score: "selfReference", pool: .batch), Setting(score: "entropy", pool: .batch),
        Setting(pool: .batch, means: true), Setting(policy: "stochastic", pool: .batch, wholeModel: true),
        Setting(pool: .batch, dropout: 0.3, recomputes: true), Setting(pool: .batch, wholeModel: true, recomputes: true),
    ]) private func soDoesWhateverElseIsAskedFor(setting: Setting) throws {
        let one = try courses(setting, ranks: 1)[0]
        for rank in try courses(setting, ranks: 2) {
            #expect(rank.selections == one.selections && rank.metrics == one.metrics && rank.weightBits == one.weightBits)
        }
    }

    // MARK: More ranks or micro-batches: the sum of gradients is taken in another order

    /// Float32 sums of n numbers in another order differ by about n · 2⁻²⁴ of their magnitudes; Adam divides by the gradient's own
    /// magnitude, so where a gradient is near 0 the step, of at most the learning rate (1e-3), may differ by a part of itself.
    @Test(arguments: SelectionPolicyRegistry.names, TokenSelector.Pool.allCases)
    func fourRanksAgreeToRounding(policy: String, pool: TokenSelector.Pool) throws {
        let setting = Setting(policy: policy, pool: pool, accumulation: 4)
        let one = try courses(setting, ranks: 1)[0]
        for count in [2, 4] {
            let ranks = try courses(setting, ranks: count)
            #expect(Set(ranks.map(\.weightBits)).count == 1, "ranks drift apart")
            let found = ranks[0]
            #expect(found.selections == one.selections)
            // Before the first step weights are the same, and so is all but the gradient.
            #expect(found.metrics[0].loss == one.metrics[0].loss)
            #expect(found.metrics[0].selectedLoss == one.metrics[0].selectedLoss)
            for (left, right) in zip(found.metrics, one.metrics) {
                #expect(left.selectedTokens == right.selectedTokens)
                #expect(left.selectedByScoreDecile == right.selectedByScoreDecile)
                #expect(abs(left.loss - right.loss) < 1e-5 && abs(left.selectedLoss - right.selectedLoss) < 1e-5)
                #expect(abs(left.gradientNorm / right.gradientNorm - 1) < 1e-5)
            }
            let difference = Difference(found.weights.flatMap { $0 }, one.weights.flatMap { $0 })
            #expect(difference.relativeNorm < 1e-5, "\(difference)")
        }
    }

    // MARK: Steps that aren't taken

    /// The block that isn't finite is one rank's; all skip the step, and say what one process says.
    @Test(arguments: TokenSelector.Pool.allCases) func aStepIsSkippedByAll(pool: TokenSelector.Pool) throws {
        let setting = Setting(pool: pool, poison: true)
        let one = try courses(setting, ranks: 1)[0]
        #expect(one.metrics.map { $0.skipped == nil } == [true, false, true])
        for rank in try courses(setting, ranks: 2) {
            #expect(rank.metrics.map(\.skipped) == one.metrics.map(\.skipped))
            #expect(rank.selections == one.selections && rank.weightBits == one.weightBits)
        }
    }

    @Test func passesThatRanksCannotShareAreRefused() throws {
        let errors = try RankThreads.run(2) { ranks in
            #expect(throws: TrainingError.indivisible(microBatches: 3, ranks: 2)) {
                try course(Setting(accumulation: 3), on: ranks)
            }
        }
        #expect(errors.count == 2)
    }

    // MARK: The loop

    /// One rank is asked to stop; all stop there, the first writes a checkpoint, and another number of ranks goes on from it.
    @Test func ranksStopTogetherAndGoOnAsOthers() throws {
        let folder = try TemporaryFolder()
        let blocks = try TokenBlocks(count: 24, blockLength: 16).blocks
        @Sendable func run(_ name: String, on ranks: ProcessGroup, stoppingAt last: Int) throws -> (Int, [[Float]]) {
            let model = try LlamaModel.tiny()
            var options = Trainer.Options(stepCount: 6)
            options.accumulation = 4
            // Another adapter than the first rank's, which all are given.
            let trainer = try Trainer(
                model: model, adapter: .random(for: model, seed: UInt64(1 + ranks.rank)),
                sampler: BatchSampler(blocks: blocks, batchSize: 1, seed: 3),
                selector: TokenSelector(policy: StochasticPolicy(), ratio: 0.5, pool: .batch), options: options, ranks: ranks)
            let directory = folder.url.appendingPathComponent(name)
            try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true)
            var loop = TrainingLoop(directory: RunDirectory(directory))
            // The last rank alone is asked.
            loop.shouldStop = { ranks.rank == ranks.count - 1 && trainer.progress.step >= last }
            try loop.resume(trainer)
            let outcome = try loop.run(trainer)
            #expect(outcome == (last < 6 ? .stopped : .finished))
            try ranks.barrier("ending")
            return (trainer.progress.step, trainer.trained.map { $0.tensor.values() })
        }
        let whole = try RankThreads.run(2) { try run("whole", on: $0, stoppingAt: .max) }
        #expect(whole[0] == whole[1])
        let stopped = try RankThreads.run(2) { try run("stopped", on: $0, stoppingAt: 3) }
        #expect(stopped.map(\.0) == [3, 3])
        #expect(try RunDirectory(folder.url.appendingPathComponent("stopped")).checkpointSteps() == [3])
        for count in [4, 2, 1] {
            let copy = folder.url.appendingPathComponent("resumed-\(count)")
            try FileManager.default.copyItem(at: folder.url.appendingPathComponent("stopped"), to: copy)
            let resumed = try RankThreads.run(count) { try run("resumed-\(count)", on: $0, stoppingAt: .max) }
            for (step, weights) in resumed {
                #expect(step == 6)
                let difference = Difference(weights.flatMap { $0 }, whole[0].1.flatMap { $0 })
                #expect(count == 2 ? weights == whole[0].1 : difference.relativeNorm < 1e-5, "\(count) ranks: \(difference)")
            }
        }
    }
}
