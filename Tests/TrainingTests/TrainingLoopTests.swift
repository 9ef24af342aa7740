import Corpora
import Foundation
import ModelFixtures
import Models
import RunRecords
import Testing
import TokenSelection
import Torch
import Training

@Suite struct TrainingLoopTests {
    private let stepCount = 7

    private func trainer(wholeModel: Bool) throws -> Trainer {
        let model = try LlamaModel.tiny()
        let adapter = wholeModel ? nil : try LoRAAdapter.random(for: model, dropout: 0.3)
        var options = Trainer.Options(stepCount: stepCount)
        options.optimizer.learningRate = 1e-2
        options.optimizer.weightDecay = 0.1
        options.schedule = .cosine(warmup: 2, finalFraction: 0.1)
        options.accumulation = 2
        return try Trainer(
            model: model, adapter: adapter,
            sampler: TokenBlocks(count: 9, blockLength: 16).sampler(batchSize: 2, shuffle: true),
            selector: TokenSelector(policy: StochasticPolicy(), ratio: 0.5, pool: .batch), options: options)
    }

    private func loop(in folder: TemporaryFolder, _ lines: LineCollector) throws -> TrainingLoop {
        var loop = TrainingLoop(directory: try RunDirectory.open(folder.url, .new))
        loop.splits = [
            .init(
                name: "held-out",
                batches: try EvaluationBatches(blocks: TokenBlocks(count: 3, blockLength: 16).blocks, batchSize: 2))
        ]
        loop.evaluationInterval = 3
        loop.checkpointInterval = 2
        loop.sinks = [ClosureSink { lines.lines.append($0) }]
        return loop
    }

    private final class LineCollector {
        var lines: [MetricsLine] = []

        /// Without what no two runs share.
        var timeless: [MetricsLine] {
            lines.map { line in
                switch line {
                case .step(var metrics):
                    metrics.seconds = 0
                    return .step(metrics)
                case .evaluation(var record):
                    record.seconds = 0
                    return .evaluation(record)
                case .probe:
                    return line
                }
            }
        }
    }

    private func weights(of trainer: Trainer) -> [[UInt32]] {
        trainer.trained.map { $0.tensor.values(Float.self).map(\.bitPattern) }
    }

    /// Stopped after any step and resumed by a fresh process' objects, a run ends with the same weights and has left the
    /// same metrics.
    @Test(arguments: [false, true], 1...6) func aResumedRunIsAnUninterruptedOne(wholeModel: Bool, stop: Int) throws {
        let (wholeFolder, folder) = (try TemporaryFolder(), try TemporaryFolder())
        let (expected, found) = (LineCollector(), LineCollector())
        let whole = try trainer(wholeModel: wholeModel)
        #expect(try loop(in: wholeFolder, expected).run(whole) == .finished)

        let first = try trainer(wholeModel: wholeModel)
        var loop = try loop(in: folder, found)
        loop.shouldStop = { first.progress.step == stop }
        #expect(try loop.run(first) == .stopped)
        #expect(try loop.directory.checkpointSteps().last == stop)

        let second = try trainer(wholeModel: wholeModel)
        loop.shouldStop = { false }
        #expect(try loop.resume(second) == stop)
        #expect(try loop.run(second) == .finished)
        #expect(weights(of: second) == weights(of: whole))
        #expect(found.timeless == expected.timeless)
        #expect(expected.lines.count == stepCount + 4, "evaluations at 0, 3, 6 and the end")
    }

    /// Stopped in the middle of an evaluation, whose first split is done already.
    @Test(arguments: [0, 3, 7]) func aRunStoppedWhileEvaluatingIsAnUninterruptedOne(stop: Int) throws {
        let (wholeFolder, folder) = (try TemporaryFolder(), try TemporaryFolder())
        let (expected, found) = (LineCollector(), LineCollector())
        func twoSplits(_ loop: TrainingLoop) -> TrainingLoop {
            var loop = loop
            loop.splits.append(.init(name: "second", batches: loop.splits[0].batches))
            return loop
        }
        let whole = try trainer(wholeModel: false)
        _ = try twoSplits(loop(in: wholeFolder, expected)).run(whole)

        let first = try trainer(wholeModel: false)
        var loop = twoSplits(try loop(in: folder, found))
        var isAsked = false
        loop.onEvaluation = { split, _, _ in isAsked = split == "second" && first.progress.step == stop }
        loop.shouldStop = { isAsked }
        #expect(try loop.run(first) == .stopped)

        let second = try trainer(wholeModel: false)
        loop.onEvaluation = { _, _, _ in }
        loop.shouldStop = { false }
        #expect(try loop.resume(second) == stop)
        #expect(try loop.run(second) == .finished)
        #expect(weights(of: second) == weights(of: whole))
        #expect(found.timeless == expected.timeless)

        // A finished run that is resumed leaves no further line.
        let third = try trainer(wholeModel: false)
        try loop.resume(third)
        #expect(try loop.run(third) == .finished)
        #expect(found.timeless == expected.timeless)
    }

    @Test func oldCheckpointsGoAndTheAdapterStays() throws {
        let folder = try TemporaryFolder()
        let loop = try loop(in: folder, LineCollector())
        let trainer = try trainer(wholeModel: false)
        _ = try loop.run(trainer)
        #expect(try loop.directory.checkpointSteps() == [6, 7])
        #expect(FileManager.default.fileExists(atPath: folder.file("adapter_config.json").path))
        #expect(FileManager.default.fileExists(atPath: folder.file("adapter_model.safetensors").path))
    }

    @Test func aCheckpointOfAnotherRunIsRefused() throws {
        let folder = try TemporaryFolder()
        var loop = try loop(in: folder, LineCollector())
        let whole = try trainer(wholeModel: true)
        loop.shouldStop = { whole.progress.step == 1 }
        _ = try loop.run(whole)
        #expect(throws: (any Error).self) { try loop.resume(trainer(wholeModel: false)) }
    }

    /// Σ loss / Σ tokens over batches of unequal size, each token at its own place.
    @Test func anEvaluationIsTheExactMean() throws {
        let model = try LlamaModel.tiny()
        let tokens = try TokenBlocks(count: 5, blockLength: 16).blocks.shard.tokens(in: 0..<75)
        let blocks = try TokenBlocks(tokens, blockLength: 16, tail: .pad).blocks  // the last one holds 11 tokens
        func losses(batchSize: Int) throws -> TokenLosses {
            try Evaluator(model).tokenLosses(over: EvaluationBatches(blocks: blocks, batchSize: batchSize))
        }
        let found = try losses(batchSize: 2)
        #expect(found.count == 4 * 15 + 10)
        #expect(found.rows == 5 && found.positions == 16)
        var (sum, worst) = (0.0, 0.0)
        for row in 0..<5 {
            let length = row < 4 ? 16 : 11
            let ids = tokens[row * 16..<row * 16 + length].map { Int($0) }
            let logits = withoutGradient { model.logits(Tensor(ids, shape: [1, length])) }
            let logProbabilities: [Float] = (Operator.logSoftmax(logits.reshaped([length, -1]), 1) as Tensor).values()
            #expect(!found.mask[row * 16])
            for position in 1..<16 {
                #expect(found.mask[row * 16 + position] == (position < length))
                guard position < length else { continue }
                let expected = -Double(logProbabilities[(position - 1) * 61 + ids[position]])
                worst = max(worst, abs(Double(found.losses[row * 16 + position]) - expected))
                sum += expected
                #expect(found.inputIDs?[row * 16 + position] == Int32(ids[position]))
            }
        }
        #expect(worst < 1e-5)
        #expect(abs(found.mean - sum / 70) < 1e-6)
        for size in [1, 5] { #expect(abs(try losses(batchSize: size).mean - found.mean) < 1e-6) }
    }
}
