import Checkpoints
import ModelFixtures
import Models
import Testing
import Torch

/// A model whose forward passes multiply by frozen weights in int8.
@Suite(.enabled(if: Int8Weight.isSupported, "this processor lacks AVX-512 VNNI"))
struct Int8LayersTests {
    private let tokens = Tensor((0..<96).map { $0 * 37 % 61 }, shape: [3, 32])

    @Test(arguments: TinyFamily.allCases) func aForwardPassIsNearTheExactOne(_ family: TinyFamily) throws {
        let model = try LlamaModel.tiny(family.configuration)
        let adapter = try LoRAAdapter.random(for: model)
        let int8 = try model.withInt8Layers()
        func hidden(_ model: any CausalLM, _ adapter: LoRAAdapter?) -> [Float] {
            withoutGradient { model.hiddenStates(tokens, adapter: adapter).values() }
        }
        for adapter in [nil, adapter] {
            let difference = Difference(hidden(int8, adapter), hidden(model, adapter))
            #expect(difference.relativeNorm < 0.05, "\(difference)")
            #expect(difference.relativeNorm > 1e-4, "nothing was rounded")
        }
    }

    /// The exact model is left as it was, and both have the same weights.
    @Test func weightsAreShared() throws {
        let model = try LlamaModel.tiny()
        let before: [Float] = withoutGradient { model.logits(tokens).values() }
        let int8 = try model.withInt8Layers()
        _ = withoutGradient { int8.logits(tokens) }
        #expect(withoutGradient { model.logits(tokens).values() } == before)
        #expect(int8.parameters.names == model.parameters.names)
        for (name, tensor) in model.parameters {
            let address = tensor.withBytes { $0.baseAddress }
            #expect(int8.parameters[name]!.withBytes { $0.baseAddress } == address, "\(name)")
        }
    }

    /// Fused and plain layers round the same numbers and differentiate by the same exact weights.
    @Test func plainLayersAgreeWithFusedOnes() throws {
        let model = try LlamaModel.tiny()
        let adapter = try LoRAAdapter.random(for: model)
        for (_, tensor) in adapter.parameters { tensor.requiresGradient = true }
        func gradients(fused: Bool) throws -> [[Float]] {
            model.fusesLayers = fused
            let hidden = try model.withInt8Layers().hiddenStates(tokens, adapter: adapter)
            try (hidden * Generator(seed: 11).normal(hidden.shape)).sum().backward()
            return adapter.parameters.map { _, tensor in
                defer { tensor.gradient = nil }
                return tensor.gradient!.values()
            }
        }
        for (fused, plain) in zip(try gradients(fused: true), try gradients(fused: false)) {
            // A value in the middle between two steps of the rounding may go either way.
            #expect(Difference(fused, plain).relativeNorm < 0.02)
        }
    }

    /// Generation's path: one position at a time, from a cache.
    @Test func aCacheChangesNothing() throws {
        let int8 = try LlamaModel.tiny().withInt8Layers()
        let row = tokens.slice(0..<1)
        let whole: [Float] = withoutGradient { int8.logits(row).slice(31..<32, along: 1).values() }
        let cache = KeyValueCache()
        let stepped: [Float] = withoutGradient {
            _ = int8.logits(row.slice(0..<31, along: 1), cache: cache)
            return int8.logits(row.slice(31..<32, along: 1), cache: cache).values()
        }
        #expect(Difference(stepped, whole).relativeNorm < 0.02)
    }

    @Test(arguments: [DType.float64, .bfloat16]) func otherTypesAreRefused(_ dtype: DType) throws {
        let model = try LlamaModel.tiny(dtype: dtype)
        #expect(throws: ModelError.self) { _ = try model.withInt8Layers() }
    }

    /// The default model on 46 tokens of text.
    @Test func theDefaultModelSelectsNearlyTheSame() throws {
        let oracle = try LlamaOracle(.standardAdapted)
        let model = try oracle.loadModel()
        let adapter = try oracle.loadAdapter(for: model)
        let int8 = try model.withInt8Layers()
        let inputIDs = try oracle.tokens("input_ids")
        let (batch, length) = (inputIDs.size(0), inputIDs.size(1))
        let targets = inputIDs.slice(1..<length, along: 1).reshaped([-1])
        func losses(_ model: any CausalLM, _ adapter: LoRAAdapter?) -> [Double] {
            withoutGradient {
                let hidden = model.hiddenStates(inputIDs, adapter: adapter).slice(0..<length - 1, along: 1)
                return LossHead(weight: model.headWeight).score(hidden.reshaped([batch * (length - 1), -1]), targets: targets)
                    .loss.values()
            }
        }
        let (exact, rounded) = (losses(model, adapter), losses(int8, adapter))
        let mean = exact.reduce(0, +)
        #expect(abs(rounded.reduce(0, +) - mean) < 0.01 * mean, "\(rounded.reduce(0, +) / mean)")
        func best(_ losses: [Double]) -> Set<Int> {
            Set(losses.indices.sorted { losses[$0] > losses[$1] }.prefix(losses.count / 2))
        }
        let overlap = best(exact).intersection(best(rounded)).count
        #expect(overlap >= 22, "\(overlap) of \(exact.count / 2)")
    }
}
