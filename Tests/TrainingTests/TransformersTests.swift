import Checkpoints
import ModelFixtures
import Models
import PeerProcess
import Testing
import Torch
import Training

/// Ten optimizer steps beside transformers', PEFT's and torch's AdamW.
@Suite struct TransformersTests {
    @Test(arguments: LlamaOracle.Case.allCases.filter { $0 != .standard })
    func stepsAgree(_ name: LlamaOracle.Case) throws {
        let oracle = try LlamaOracle(name)
        let model = try oracle.loadModel()
        let adapter = try oracle.loadAdapter(for: model)
        let inputIDs = try oracle.tokens("adamw.input_ids")  // [S, B, T]
        let blocks = try TokenBlocks(
            inputIDs.values(Int32.self), blockLength: inputIDs.size(2), vocabularySize: model.configuration.vocabularySize)

        var options = Trainer.Options(stepCount: LlamaOracle.Case.stepCount)
        options.optimizer.learningRate = name.learningRate
        options.optimizer.weightDecay = name.weightDecay
        options.clipNorm = name.clipNorm
        let trainer = try Trainer(
            model: model, adapter: adapter, sampler: blocks.sampler(batchSize: inputIDs.size(1)), options: options)
        let losses = try oracle.expected.floats("adamw.losses")
        let norms = try oracle.expected.floats("adamw.gradient_norms")
        #expect(losses.count == options.stepCount)
        for step in 0..<options.stepCount {
            let metrics = try trainer.advance()
            #expect(abs(metrics.loss - Double(losses[step])) <= 1e-4, "step \(step + 1)")
            #expect(metrics.selectedLoss == metrics.loss)
            #expect(abs(metrics.gradientNorm - Double(norms[step])) <= 1e-3 * Double(norms[step]), "step \(step + 1)")
        }
        for (weight, tensor) in trainer.trained {
            let key = adapter == nil ? "adamw.final.\(weight)" : "adamw.final.base_model.model.\(weight)"
            let difference = Difference(tensor.values(Float.self), try oracle.expected.floats(key))
            #expect(difference.relativeNorm <= 1e-3, "\(weight): \(difference)")
        }
    }
}
