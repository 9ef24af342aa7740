import Corpora
import Foundation
import ModelFixtures
import Models
import RunRecords
import Testing
import TokenSelection
import Torch
import Training

@Suite struct GradientProbeTests {
    private func trainer(
        _ selector: TokenSelector, probeBlocks: Int, wholeModel: Bool = false, steps: Int = 3
    ) throws -> Trainer {
        let model = try LlamaModel.tiny()
        // The reference is another model, since an excess over oneself is 0 everywhere.
        let reference = RememberedReference(LiveReference(try LlamaModel.tiny(seed: 9)))
        var options = Trainer.Options(stepCount: steps)
        options.optimizer.learningRate = 1e-2
        options.accumulation = 2
        options.probeBlocks = probeBlocks
        return try Trainer(
            model: model, adapter: wholeModel ? nil : LoRAAdapter.random(for: model, dropout: 0.2),
            sampler: TokenBlocks(count: 12, blockLength: 16).sampler(batchSize: 2, shuffle: true), selector: selector,
            reference: reference, options: options)
    }

    private func selector(_ policy: any SelectionPolicy) throws -> TokenSelector {
        try TokenSelector(score: ExcessLossScore(), policy: policy, ratio: 0.3)
    }

    private func weights(of trainer: Trainer) -> [[UInt32]] {
        trainer.trained.map { $0.tensor.values(Float.self).map(\.bitPattern) }
    }

    /// Probing before every step, in a number of blocks that no batch size divides, leaves every bit of the run as it was.
    @Test(arguments: ["topK", "stochastic", "random", "all"], [false, true])
    func aProbeChangesNothing(policy: String, wholeModel: Bool) throws {
        let selector =
            policy == "all" ? TokenSelector.everything : try selector(SelectionPolicyRegistry.policy(named: policy))
        let (plain, probed) = (
            try trainer(selector, probeBlocks: 0, wholeModel: wholeModel),
            try trainer(selector, probeBlocks: 3, wholeModel: wholeModel)
        )
        #expect(try plain.probe() == nil)
        while !plain.isFinished {
            let probe = try #require(try probed.probe())
            #expect(probe.blocks == 3 && probe.step == plain.progress.step)
            var (expected, found) = (try plain.advance(), try probed.advance())
            (expected.seconds, found.seconds) = (0, 0)
            #expect(expected == found)
        }
        #expect(weights(of: plain) == weights(of: probed))
    }

    /// Against gradients taken here, one after the other.
    @Test(arguments: [false, true]) func theCosineIsThatOfTheTwoMeanGradients(wholeModel: Bool) throws {
        let selector = try selector(TopKPolicy())
        let trainer = try trainer(selector, probeBlocks: 4, wholeModel: wholeModel)
        let probe = try #require(try trainer.probe())
        let blocks = trainer.sampler.series

        func gradient(_ selector: TokenSelector) throws -> [Double] {
            let step = SelectedLossStep(
                model: trainer.model, adapter: trainer.adapter?.replacing(dropout: 0), selector: selector,
                reference: LiveReference(try LlamaModel.tiny(seed: 9)), scoresWithDropout: false, seed: RunSeed(value: 1))
            for (_, tensor) in trainer.trained { tensor.gradient = nil }
            let result = try step([blocks.batch([0, 1]), blocks.batch([2, 3])], step: 1)
            return trainer.trained.flatMap { name, tensor -> [Double] in
                (tensor.gradient?.values(Double.self) ?? [Double](repeating: 0, count: tensor.count)).map {
                    $0 / Double(result.selectedCount)
                }
            }
        }
        let (all, selected) = (try gradient(.everything), try gradient(selector))
        func dot(_ left: [Double], _ right: [Double]) -> Double { zip(left, right).reduce(0) { $0 + $1.0 * $1.1 } }
        #expect(abs(probe.allNorm - dot(all, all).squareRoot()) < 1e-9)
        #expect(abs(probe.selectedNorm - dot(selected, selected).squareRoot()) < 1e-9)
        let cosine = dot(all, selected) / (dot(all, all) * dot(selected, selected)).squareRoot()
        #expect(abs(try #require(probe.cosine) - cosine) < 1e-9)
        #expect(cosine < 0.99)
    }

    @Test func everythingPointsWhereEverythingDoes() throws {
        let trainer = try trainer(.everything, probeBlocks: 5)
        let probe = try #require(try trainer.probe())
        #expect(probe.cosine == 1)
        #expect(probe.allNorm == probe.selectedNorm && probe.allNorm > 0)
        // There are no more than twelve.
        #expect(try self.trainer(.everything, probeBlocks: 99).probe()?.blocks == 12)
    }
}
