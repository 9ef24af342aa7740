import Checkpoints
import Foundation
import ModelFixtures
import Models
import Testing
import Torch

@Suite struct LlamaModelTests {
    private let inputIDs = Tensor((0..<2 * 9).map { ($0 * 17 + 3) % 61 }, shape: [2, 9])

    /// Σ cᵢ·hᵢ over the last hidden states, with fixed random c: a scalar that depends on everything.
    private func objective(_ model: LlamaModel, _ adapter: LoRAAdapter?) -> Tensor {
        let hidden = model.hiddenStates(inputIDs, adapter: adapter)
        return (hidden * Generator(seed: 11).normal(hidden.shape, dtype: .float64)).sum()
    }

    /// The slope along a random direction of each weight, against central differences: RMSNorm, RoPE, attention, SwiGLU,
    /// embedding and LoRA are all on the way, the adapted layers as one piece and operator by operator.
    @Test(arguments: TinyFamily.allCases, [(adapted: true, fused: true), (true, false), (false, false)])
    func gradientsAgreeWithFiniteDifferences(_ family: TinyFamily, _ path: (adapted: Bool, fused: Bool)) throws {
        let (adapted, fused) = path
        let model = try LlamaModel.tiny(family.configuration, dtype: .float64)
        model.fusesLayers = fused
        let adapter = adapted ? try LoRAAdapter.random(for: model, dtype: .float64) : nil
        let trained = adapter?.parameters ?? model.parameters
        for (_, tensor) in trained { tensor.requiresGradient = true }
        try objective(model, adapter).backward()

        let generator = Generator(seed: 12)
        for (name, tensor) in trained {
            let direction = generator.normal(tensor.shape, dtype: .float64)
            let slope: Double = (try #require(tensor.gradient, "\(name)") * direction).sum().item()
            func moved(by step: Double) -> Double {
                withoutGradient {
                    let before = tensor.detached().cloned()
                    tensor.assign(before + direction * step)
                    defer { tensor.assign(before) }
                    return objective(model, adapter).item()
                }
            }
            let step = 1e-6
            let expected = (moved(by: step) - moved(by: -step)) / (2 * step)
            #expect(abs(slope - expected) <= 1e-6 * max(1, abs(expected)), "\(name): \(slope), and \(expected) by differences")
        }
    }

    @Test func theAdapterLeftOutIsTheBase() throws {
        let model = try LlamaModel.tiny()
        func logits(_ adapter: LoRAAdapter?) -> [Float] { model.logits(inputIDs, adapter: adapter).values() }
        let base = logits(nil)
        var options = LoRAAdapter.Options()
        options.rank = 2
        let fresh = logits(try LoRAAdapter(for: model, options: options, seed: 1))
        #expect(fresh == base, "B is zero")
        let trained = logits(try LoRAAdapter.random(for: model))
        #expect(trained != base)
        let again = logits(nil)
        #expect(again == base)
    }

    /// A position sees what came before it and nothing after.
    @Test(arguments: TinyFamily.allCases) func aTokenDoesNotSeeItsFuture(_ family: TinyFamily) throws {
        let model = try LlamaModel.tiny(family.configuration)
        var changed: [Int] = inputIDs.values()
        changed[6] = 0
        let before: [Float] = model.logits(inputIDs).slice(0..<6, along: 1).select(0).values()
        let after: [Float] = model.logits(Tensor(changed, shape: [2, 9])).slice(0..<6, along: 1).select(0).values()
        #expect(Difference(after, before).isWithin(absolute: 1e-6))
    }

    /// One token at a time, in pieces of several, and all at once.
    @Test(arguments: TinyFamily.allCases, [[1, 1, 1, 1, 1, 1, 1, 1, 1], [4, 3, 2], [8, 1], [1, 8]])
    func theCacheChangesNothing(_ family: TinyFamily, pieces: [Int]) throws {
        let model = try LlamaModel.tiny(family.configuration)
        let adapter = try LoRAAdapter.random(for: model)
        let expected: [Float] = model.logits(inputIDs, adapter: adapter).values()
        let cache = KeyValueCache()
        var start = 0
        let parts = pieces.map { length in
            defer { start += length }
            return model.logits(inputIDs.slice(start..<start + length, along: 1), adapter: adapter, cache: cache)
        }
        #expect(cache.length == 9)
        let difference = Difference(Tensor.concatenated(parts, along: 1).values(Float.self), expected)
        #expect(difference.isWithin(relative: 1e-5), "\(difference)")
    }

    @Test func aTiedHeadIsTheEmbeddingAndCountsOnce() throws {
        let tied = try LlamaModel.tiny(.tiny(tied: true))
        let untied = try LlamaModel.tiny(.tiny(tied: false))
        #expect(untied.parameterCount - tied.parameterCount == 61 * 32)
        #expect(!tied.parameters.names.contains("lm_head.weight"))
    }

    @Test func weightsThatDoNotFitAreNamed() throws {
        let weights = RandomWeights(.tiny())
        expect(throws: "tensor model.embed_tokens.weight has shape [61, 32], but config.json calls for [62, 32]") {
            _ = try LlamaModel(configuration: .tiny(vocabularySize: 62), weights: weights)
        }
        expect(throws: "the model has no tensor lm_head.weight: its weights don't belong to its config.json") {
            _ = try LlamaModel(configuration: .tiny(tied: false), weights: weights)
        }
        var strange = ModelConfiguration.tiny()
        strange.architecture = "MambaForCausalLM"
        let known = "GemmaForCausalLM, LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM"
        expect(throws: "architecture MambaForCausalLM is unknown; Winnow knows \(known)") {
            _ = try ModelRegistry.load(strange, weights: weights)
        }
    }

    /// Whether `body` throws an error that says exactly this.
    private func expect(throws message: String, _ body: () throws -> Void) {
        do {
            try body()
            Issue.record("nothing was thrown")
        } catch { #expect("\(error)" == message) }
    }
}
