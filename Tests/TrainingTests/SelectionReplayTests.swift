import Corpora
import Foundation
import ModelFixtures
import Models
import RunRecords
import Testing
import TokenSelection
import Torch
import Training

@Suite struct SelectionReplayTests {
    private static let steps = 4
    private let layout = SelectionHistory.Layout(blockLength: 16, blocksPerStep: 4, dataHash: "x")

    /// Few token ids, so that frequencies have several members a class.
    private func sampler(shuffle: Bool = true) throws -> BatchSampler {
        let uniform: [Double] = Generator(seed: 8).uniform([12 * 16], dtype: .float64).values()
        return try TokenBlocks(uniform.map { Int32($0 * $0 * 61) }, blockLength: 16).sampler(batchSize: 2, shuffle: shuffle)
    }

    private func trainer(
        _ selector: TokenSelector = .everything, replay: SelectionReplay? = nil, sampler: BatchSampler? = nil
    ) throws -> Trainer {
        let model = try LlamaModel.tiny()
        var options = Trainer.Options(stepCount: Self.steps)
        options.optimizer.learningRate = 1e-2
        options.accumulation = 2
        return try Trainer(
            model: model, adapter: .random(for: model, dropout: 0.2), sampler: sampler ?? self.sampler(), selector: selector,
            replay: replay, options: options)
    }

    private func run(_ trainer: Trainer) throws -> (steps: [SelectionStep], weights: [[UInt32]]) {
        var steps: [SelectionStep] = []
        while !trainer.isFinished {
            let metrics = try trainer.advance()
            steps.append(trainer.lastSelection!)
            #expect(steps.last!.selectedCount == metrics.selectedTokens)
            #expect(metrics.candidates == nil || trainer.options.stepCount == 0)
        }
        return (steps, trainer.trained.map { $0.tensor.values(Float.self).map(\.bitPattern) })
    }

    private func original(_ pool: TokenSelector.Pool = .microBatch) throws -> (steps: [SelectionStep], weights: [[UInt32]]) {
        try run(trainer(TokenSelector(policy: TopKPolicy(), ratio: 0.4, pool: pool)))
    }

    private func replay(_ steps: [SelectionStep], as manner: SelectionReplay.Manner) throws -> SelectionReplay {
        try SelectionReplay(
            SelectionHistory(layout: layout, steps: steps), as: manner, from: "runs/a", layout: layout, stepCount: Self.steps,
            frequencies: TokenFrequencies([sampler().blocks.shard]))
    }

    /// Also where the original ranked over the whole step, with scores from a pass of its own.
    @Test(arguments: TokenSelector.Pool.allCases) func aRecordedReplayIsTheOriginal(pool: TokenSelector.Pool) throws {
        let original = try original(pool)
        let again = try run(trainer(replay: replay(original.steps, as: .recorded)))
        #expect(again.steps == original.steps)
        #expect(again.weights == original.weights)
    }

    @Test func theMarksAreThoseOfTheTargets() throws {
        let steps = try run(trainer()).steps
        #expect(steps.map(\.step) == [1, 2, 3, 4])
        var sampler = try sampler()
        for step in steps {
            #expect(step.blockIndices == sampler.next().blockIndices + sampler.next().blockIndices)
            // All but the first of each block.
            #expect(step.selected == (0..<64).map { $0 % 16 != 0 })
        }
    }

    @Test func shufflingKeepsTheCountOfEachBlock() throws {
        let original = try original()
        let shuffled = try run(trainer(replay: replay(original.steps, as: .shuffled)))
        for (left, right) in zip(original.steps, shuffled.steps) {
            #expect(left.blockIndices == right.blockIndices)
            #expect(left.selected != right.selected)
            for block in 0..<4 {
                let places = block * 16..<(block + 1) * 16
                #expect(left.selected[places].count { $0 } == right.selected[places].count { $0 })
                #expect(!right.selected[block * 16])
            }
        }
        #expect(shuffled.weights != original.weights)
        #expect(try run(trainer(replay: replay(original.steps, as: .shuffled))).weights == shuffled.weights)
    }

    @Test func matchingKeepsTheFrequenciesOfEachMicroBatch() throws {
        let original = try original()
        let matched = try run(trainer(replay: replay(original.steps, as: .matched)))
        let blocks = try sampler().blocks
        let frequencies = TokenFrequencies([blocks.shard])
        func classes(_ step: SelectionStep, _ microBatch: Int) -> [Int: Int] {
            let ids = blocks.batch(step.blockIndices).inputIDs
            let places = (microBatch * 32..<(microBatch + 1) * 32).filter { step.selected[$0] }
            return Dictionary(places.map { (frequencies.frequencyClass(of: ids[$0]), 1) }, uniquingKeysWith: +)
        }
        for (left, right) in zip(original.steps, matched.steps) {
            #expect(left.selected != right.selected)
            for microBatch in 0..<2 { #expect(classes(left, microBatch) == classes(right, microBatch)) }
            #expect(classes(left, 0).count > 2)
        }
    }

    @Test func frequencyClassesAreOctaves() throws {
        let tokens = [Int32](repeating: 3, count: 8) + [Int32](repeating: 4, count: 7) + [5]
        let frequencies = try TokenFrequencies([TokenBlocks(tokens, blockLength: 16).blocks.shard])
        #expect([3, 4, 5, 6].map { frequencies.frequencyClass(of: $0) } == [4, 3, 1, 0])
    }

    @Test func otherBlocksAreRefused() throws {
        let steps = try original().steps
        func complaint(_ change: (inout SelectionHistory.Layout) -> Void, stepCount: Int = Self.steps) -> String {
            var here = layout
            change(&here)
            let error = #expect(throws: TrainingError.self) {
                try SelectionReplay(
                    SelectionHistory(layout: layout, steps: steps), as: .recorded, from: "runs/a", layout: here,
                    stepCount: stepCount, frequencies: TokenFrequencies([sampler().blocks.shard]))
            }
            return "\(error!)"
        }
        #expect(complaint { $0.blockLength = 32 }.contains("tokens in a block: 16, here 32"))
        #expect(complaint { $0.blocksPerStep = 8 }.contains("blocks in a step: 4, here 8"))
        #expect(complaint { $0.dataHash = "y" }.contains("hash: x, here y"))
        #expect(complaint({ _ in }, stepCount: 5).contains("steps: 4, here 5"))

        let ordered = try trainer(replay: replay(steps, as: .shuffled), sampler: sampler(shuffle: false))
        let error = #expect(throws: TrainingError.self) { try ordered.advance() }
        #expect("\(error!)".contains("blocks of step 1"))
    }
}
