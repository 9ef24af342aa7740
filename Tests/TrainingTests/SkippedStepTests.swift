import Foundation
import ModelFixtures
import Models
import RunRecords
import Testing
import TokenSelection
import Torch
import Training

/// Numbers that go wrong: the step is skipped, said and counted; too many end the run.
@Suite struct SkippedStepTests {
    private func trainer(
        steps: Int = 40, replay: SelectionReplay? = nil, selection: SelectionPlace = .host, graphs: GraphUse = .off
    ) throws -> Trainer {
        let model = try LlamaModel.tiny()
        var options = Trainer.Options(stepCount: steps)
        options.optimizer.learningRate = 1e-2
        (options.selection, options.graphs) = (selection, graphs)
        return try Trainer(
            model: model, adapter: .random(for: model),
            sampler: TokenBlocks(count: 9, blockLength: 16).sampler(batchSize: 2, shuffle: true), replay: replay,
            options: options)
    }

    private func weights(of trainer: Trainer) -> [[UInt32]] {
        trainer.trained.map { $0.tensor.values(Float.self).map(\.bitPattern) }
    }

    private func fill(_ trainer: Trainer, _ suffixes: String..., with value: Double) {
        withoutGradient {
            for (name, tensor) in trainer.trained where suffixes.contains(where: name.hasSuffix) {
                tensor.assign(.full(tensor.shape, value))
            }
        }
    }

    /// Where the host decides, and where the device does.
    static let deciders: [(SelectionPlace, GraphUse)] = [(.host, .off), (.device, .off), (.device, .rehearsed)]

    /// B = 0 hides an enormous A from the loss, and not from B's gradient.
    @Test(arguments: deciders)
    func aGradientThatIsNotFiniteIsNamedByItsWeight(selection: SelectionPlace, graphs: GraphUse) throws {
        let trainer = try trainer(selection: selection, graphs: graphs)
        fill(trainer, "layers.0.self_attn.v_proj.lora_A.weight", with: 1e30)
        fill(trainer, "layers.0.self_attn.v_proj.lora_B.weight", with: 0)
        let before = weights(of: trainer)
        let metrics = try trainer.advance()
        #expect(
            metrics.skipped
                == SkippedStep(.gradient, module: "model.layers.0.self_attn.v_proj.lora_B.weight"))
        #expect(metrics.loss.isFinite && !metrics.gradientNorm.isFinite && metrics.selectedTokens == 0)
        #expect(weights(of: trainer) == before)
        #expect(trainer.lastSelection?.selectedCount == 0)
    }

    /// The optimizer's running means would move the weights along a gradient that isn't there.
    @Test(arguments: deciders)
    func aZeroGradientIsReportedAndNotSteppedAlong(selection: SelectionPlace, graphs: GraphUse) throws {
        let trainer = try trainer(selection: selection, graphs: graphs)
        #expect(try trainer.advance().skipped == nil)
        fill(trainer, "lora_A.weight", "lora_B.weight", with: 0)
        let before = weights(of: trainer)
        let metrics = try trainer.advance()
        #expect(metrics.skipped == SkippedStep(.zeroGradient) && metrics.gradientNorm == 0)
        #expect(weights(of: trainer) == before)
    }

    @Test func noSelectedTokenIsReportedAndNotDividedBy() throws {
        let recorded = try trainer(steps: 2)
        var steps = try (0..<2).map { _ in
            _ = try recorded.advance()
            return recorded.lastSelection!
        }
        steps[1].selected = steps[1].selected.map { _ in false }
        let layout = SelectionHistory.Layout(blockLength: 16, blocksPerStep: 2, dataHash: "x")
        let replay = try SelectionReplay(
            SelectionHistory(layout: layout, steps: steps), as: .recorded, from: "runs/a", layout: layout, stepCount: 2,
            frequencies: TokenFrequencies([]))
        let trainer = try trainer(steps: 2, replay: replay)
        #expect(try trainer.advance().skipped == nil)
        let before = weights(of: trainer)
        let metrics = try trainer.advance()
        #expect(metrics.skipped == SkippedStep(.nothingSelected))
        #expect(metrics.loss.isFinite && metrics.selectedLoss.isNaN)
        #expect(weights(of: trainer) == before)
    }

    /// Where the weights themselves are bad, the checkpoint from before stays the newest.
    @Test func aDivergedRunStopsAndKeepsWhatWasGood() throws {
        let folder = try TemporaryFolder()
        let trainer = try trainer()
        var loop = TrainingLoop(directory: try RunDirectory.open(folder.url, .new))
        loop.checkpointInterval = 1
        loop.maxSkippedSteps = 4
        var skipped: [Int] = []
        loop.sinks = [
            ClosureSink { [self] line in
                guard case .step(let metrics) = line else { return }
                if metrics.skipped != nil { skipped.append(metrics.step) }
                if metrics.step == 6 { fill(trainer, "layers.1.mlp.down_proj.lora_B.weight", with: .nan) }
            }
        ]
        let reason = SkippedStep(.loss, module: "model.layers.1")
        #expect(throws: TrainingError.diverged(step: 10, count: 4, reason: reason)) { try loop.run(trainer) }
        #expect(skipped == [7, 8, 9, 10])
        #expect(try loop.directory.checkpointSteps() == [4, 5])
    }

    /// Where they are finite they are those after the last good step, and are kept.
    @Test func aRunWithoutAGradientKeepsItsWeights() throws {
        let folder = try TemporaryFolder()
        let trainer = try trainer()
        var loop = TrainingLoop(directory: try RunDirectory.open(folder.url, .new))
        loop.maxSkippedSteps = 3
        fill(trainer, "lora_A.weight", "lora_B.weight", with: 0)
        #expect(throws: TrainingError.diverged(step: 3, count: 3, reason: SkippedStep(.zeroGradient))) { try loop.run(trainer) }
        #expect(try loop.directory.checkpointSteps() == [3])
    }

    @Test func aStepThatSucceedsStartsTheCountAnew() throws {
        let folder = try TemporaryFolder()
        let trainer = try trainer(steps: 12)
        var loop = TrainingLoop(directory: try RunDirectory.open(folder.url, .new))
        loop.maxSkippedSteps = 3
        let name = "model.layers.1.mlp.down_proj.lora_B.weight"
        let weight = trainer.trained[name]!
        let healthy = weight.cloned()
        loop.sinks = [
            ClosureSink { line in
                withoutGradient { weight.assign(line.step % 3 == 0 ? healthy : .full(weight.shape, .nan)) }
            }
        ]
        #expect(try loop.run(trainer) == .finished)
        #expect(trainer.progress.skippedSteps == 8 && trainer.progress.step == 12)
    }

    /// Written as JSON and read again, a skipped step's numbers are what they were.
    @Test func aSkippedStepStandsInTheLog() throws {
        let folder = try TemporaryFolder()
        let trainer = try trainer()
        fill(trainer, "layers.1.mlp.down_proj.lora_B.weight", with: .nan)
        let log = try MetricsLog.create(at: folder.file("metrics.jsonl"))
        try log.append(.step(trainer.advance()))
        let found = try MetricsLog.read(log.url).steps[0]
        #expect(found.skipped == SkippedStep(.loss, module: "model.layers.1") && found.loss.isNaN)
    }
}
