import Checkpoints
import ModelFixtures
import Models
import Testing
import Torch

/// A bfloat16 base with a float32 adapter, on the path that a GPU takes where it has no kernels, against float32.
@Suite struct BrainFloatTests {
    private func run(
        _ dtype: DType, fused: Bool, attentionBias: Bool = false
    ) throws -> (losses: [Double], gradients: [String: Tensor]) {
        let model = try LlamaModel.tiny(.tiny(tied: false, attentionBias: attentionBias), dtype: dtype)
        model.fusesLayers = fused
        let adapter = try LoRAAdapter.random(for: model, targets: LoRAAdapter.Options().targetModules, dtype: .float32)
        for (_, tensor) in adapter.parameters { tensor.requiresGradient = true }
        let noise: [Double] = Generator(seed: 9).uniform([66], dtype: .float64).values()
        let tokens = Tensor(noise.map { Int($0 * 61) }, shape: [2, 33])
        let hidden = model.hiddenStates(tokens, adapter: adapter).reshaped([66, -1])
        #expect(hidden.dtype == dtype)
        let scored = LossHead(weight: model.headWeight).score(hidden, targets: tokens.reshaped([-1]))
        #expect(scored.loss.dtype == .float32)
        try hidden.backward(gradient: scored.gradient(ofRows: .range(66)))
        var gradients: [String: Tensor] = [:]
        for (name, tensor) in adapter.parameters {
            let gradient: Tensor = try #require(tensor.gradient, "\(name)")
            gradients[name] = gradient
        }
        return (scored.loss.values(), gradients)
    }

    @Test(arguments: [false, true], [false, true]) func staysNearFloat32(fused: Bool, attentionBias: Bool) throws {
        let expected = try run(.float32, fused: true, attentionBias: attentionBias)
        let found = try run(.bfloat16, fused: fused, attentionBias: attentionBias)
        for (left, right) in zip(found.losses, expected.losses) { #expect(abs(left - right) < 0.05 * max(1, right)) }
        #expect(found.losses != expected.losses)
        for (name, gradient) in expected.gradients {
            let other = try #require(found.gradients[name])
            #expect(other.dtype == .float32, "\(name): the optimizer's state is float32")
            let (a, b): ([Double], [Double]) = (other.values(), gradient.values())
            let difference = zip(a, b).map { ($0 - $1) * ($0 - $1) }.reduce(0, +).squareRoot()
            let norm = b.map { $0 * $0 }.reduce(0, +).squareRoot()
            #expect(difference < 0.05 * norm, "\(name): \(difference / norm)")
        }
    }
}
