import Checkpoints
import ModelFixtures
import Models
import Testing
import Torch

/// Frozen layers held in bfloat16, which products widen.
@Suite struct HeldLayersTests {
    private let tokens = Tensor((0..<96).map { $0 * 37 % 61 }, shape: [3, 32])

    /// Random weights as a file in bfloat16 has them.
    private struct RoundedWeights: TensorSource {
        let weights: RandomWeights
        var tensors: [TensorDescription] { weights.tensors }
        func description(of name: String) -> TensorDescription? { weights.description(of: name) }
        func read(_ name: String, into destination: UnsafeMutableBufferPointer<Float>) throws {
            try weights.read(name, into: destination)
            for index in destination.indices {
                destination[index] = Float(bitPattern: destination[index].bitPattern & 0xffff_0000)
            }
        }
    }

    private func model(_ weights: any TensorSource, _ configuration: ModelConfiguration, held: LayerStorage) throws -> LlamaModel
    {
        try LlamaModel(configuration: configuration, weights: weights, layers: held)
    }

    private func outcome(_ model: LlamaModel, fused: Bool) throws -> (logits: [Float], gradients: [[Float]]) {
        model.fusesLayers = fused
        let adapter = try LoRAAdapter.random(for: model)
        for (_, tensor) in adapter.parameters { tensor.requiresGradient = true }
        let hidden = model.hiddenStates(tokens, adapter: adapter)
        try (hidden * Generator(seed: 11).normal(hidden.shape)).sum().backward()
        let logits: [Float] = withoutGradient { model.logits(tokens, adapter: adapter).values() }
        return (logits, adapter.parameters.map { _, tensor in tensor.gradient!.values() })
    }

    /// Nothing is lost where the file is in bfloat16: the same bits, forward and backward.
    @Test(arguments: [true, false]) func whatTheFileHasIsExact(fused: Bool) throws {
        let configuration = ModelConfiguration.tiny(attentionBias: true)
        let weights = RoundedWeights(weights: RandomWeights(configuration, seed: 0))
        let exact = try outcome(model(weights, configuration, held: .exact), fused: fused)
        let held = try outcome(model(weights, configuration, held: .bfloat16), fused: fused)
        #expect(held.logits == exact.logits)
        #expect(held.gradients == exact.gradients)
    }

    @Test func otherWeightsAreRounded() throws {
        let configuration = ModelConfiguration.tiny()
        let weights = RandomWeights(configuration, seed: 0)
        let exact = try outcome(model(weights, configuration, held: .exact), fused: true)
        let held = try outcome(model(weights, configuration, held: .bfloat16), fused: true)
        let difference = Difference(held.logits, exact.logits)
        #expect(difference.relativeNorm < 0.02 && difference.relativeNorm > 1e-4, "\(difference)")
    }

    /// Linear layers take two bytes a weight; embeddings, norms and biases stay as they are.
    @Test func layersTakeHalfTheMemory() throws {
        let configuration = ModelConfiguration.tiny(attentionBias: true)
        let model = try model(RandomWeights(configuration, seed: 0), configuration, held: .bfloat16)
        let layers = Set(model.linearLayers.map { $0.name + ".weight" })
        for (name, tensor) in model.parameters {
            #expect(tensor.dtype == (layers.contains(name) ? .bfloat16 : .float32), "\(name)")
        }
    }
}
