import ModelFixtures
import Models
import RunRecords
import Testing
import TokenSelection
import Torch
import Training

/// `compute.dtype: bfloat16` from the first step to the last, in every family; Gemma's layers run operator by operator then.
@Suite struct BrainFloatTrainingTests {
    private func run(_ family: TinyFamily, _ dtype: DType, adapted: Bool, recomputes: Bool = false) throws -> [StepMetrics] {
        let model = try LlamaModel.tiny(family.configuration, dtype: dtype)
        #expect(model.reasonForPlainLayers == (family == .gemma && dtype == .bfloat16 ? .roundedNorms : nil))
        var options = Trainer.Options(stepCount: 12)
        options.optimizer.learningRate = adapted ? 2e-2 : 5e-3
        let trainer = try Trainer(
            model: model, stepModel: recomputes ? model.recomputingLayers() : nil,
            adapter: adapted ? LoRAAdapter.random(for: model, dropout: 0.1) : nil,
            sampler: TokenBlocks(count: 4, blockLength: 16).sampler(batchSize: 2, shuffle: true),
            selector: TokenSelector(score: LossScore(), policy: TopKPolicy(), ratio: 0.5), options: options)
        let metrics = try (0..<12).map { _ in try trainer.advance() }
        #expect(metrics.allSatisfy { $0.skipped == nil && $0.loss.isFinite && $0.gradientNorm > 0 })
        #expect(trainer.trained.allSatisfy { $0.tensor.dtype == (adapted ? .float32 : dtype) && $0.tensor.isAllFinite })
        return metrics
    }

    @Test(arguments: TinyFamily.allCases, [true, false]) func everyFamilyLearns(_ family: TinyFamily, adapted: Bool) throws {
        let (found, exact) = (try run(family, .bfloat16, adapted: adapted), try run(family, .float32, adapted: adapted))
        #expect(abs(found[0].loss - exact[0].loss) < 0.03 * exact[0].loss && found[0].loss != exact[0].loss)
        let (learned, expected) = (found[0].loss - found[11].loss, exact[0].loss - exact[11].loss)
        #expect(expected > 0.1 && abs(learned - expected) < 0.35 * expected, "\(learned) where float32 learns \(expected)")
        // And with layers run a second time, the same.
        #expect(try run(family, .bfloat16, adapted: adapted, recomputes: true).map(\.loss) == found.map(\.loss))
    }

    @Test func packedLayersAreNotTrained() throws {
        let weights = RandomWeights(.tiny())
        let model = try LlamaModel(configuration: .tiny(), weights: weights, layers: .nf4)
        #expect(throws: ModelError.self) {
            try Trainer(
                model: model, adapter: nil, sampler: TokenBlocks(count: 4, blockLength: 16).sampler(batchSize: 2),
                options: Trainer.Options(stepCount: 1))
        }
    }
}
