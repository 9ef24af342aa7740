import Checkpoints
import ModelFixtures
import Models
import Testing
import Torch

/// Layers that the backward pass runs a second time: the same bits in less memory.
@Suite struct RecomputedLayersTests {
    private let tokens = Tensor((0..<96).map { $0 * 37 % 61 }, shape: [3, 32])

    private func gradients(
        _ model: any CausalLM, _ trained: NamedTensors, _ adapter: LoRAAdapter?, dropout: Dropout? = nil
    ) throws -> [[UInt32]] {
        for (_, tensor) in trained { tensor.requiresGradient = true }
        // Twice: gradients are added up.
        for _ in 0..<2 {
            let hidden = model.hiddenStates(tokens, adapter: adapter, dropout: dropout)
            let noise = Generator(seed: 11).normal(hidden.shape).converted(to: hidden.dtype)
            try (hidden * noise).sum().backward()
        }
        return try trained.map { name, tensor in
            defer { tensor.gradient = nil }
            return try #require(tensor.gradient, "\(name)").values(Float.self).map(\.bitPattern)
        }
    }

    @Test(arguments: TinyFamily.allCases, [DType.float32, .bfloat16])
    func adaptersGetTheSameBits(_ family: TinyFamily, _ dtype: DType) throws {
        let model = try LlamaModel.tiny(family.configuration, dtype: dtype)
        let adapter = try LoRAAdapter.random(for: model)
        for fused in [true, false] {
            model.fusesLayers = fused
            for dropout in [nil, Dropout(probability: 0.3, key: 8)] {
                let expected = try gradients(model, adapter.parameters, adapter, dropout: dropout)
                #expect(try gradients(model.recomputingLayers(), adapter.parameters, adapter, dropout: dropout) == expected)
                #expect(expected.allSatisfy { $0.contains { $0 != 0 } })
            }
        }
    }

    @Test(arguments: TinyFamily.allCases) func allWeightsGetTheSameBits(_ family: TinyFamily) throws {
        let model = try LlamaModel.tiny(family.configuration)
        let expected = try gradients(model, model.parameters, nil)
        #expect(try gradients(model.recomputingLayers(), model.parameters, nil) == expected)
    }

    /// Adapters on some layers alone, and on no layer but the last.
    @Test(arguments: [["k_proj", "up_proj"], ["down_proj"]]) func partsOfAnAdapterDoToo(targets: [String]) throws {
        let model = try LlamaModel.tiny()
        let adapter = try LoRAAdapter.random(for: model, targets: targets)
        let expected = try gradients(model, adapter.parameters, adapter)
        #expect(try gradients(model.recomputingLayers(), adapter.parameters, adapter) == expected)
    }

    /// Which rows carry a gradient is said after the first run, and the second one knows it.
    @Test func selectedRowsDoToo() throws {
        let model = try LlamaModel.tiny()
        let adapter = try LoRAAdapter.random(for: model)
        for (_, tensor) in adapter.parameters { tensor.requiresGradient = true }
        func gradients(_ model: any CausalLM) throws -> [[Float]] {
            let carrying = GradientRows()
            let hidden = model.hiddenStates(tokens, adapter: adapter, gradientRows: carrying).reshaped([96, -1])
            let places = Tensor([3, 31, 40, 95])
            carrying.places = places
            try hidden.rows(places).sum().backward()
            return adapter.parameters.map { _, tensor in
                defer { tensor.gradient = nil }
                return tensor.gradient!.values()
            }
        }
        #expect(try gradients(model.recomputingLayers()) == gradients(model))
    }

    @Test func int8LayersDoToo() throws {
        guard Int8Weight.isSupported else { return }
        let model = try LlamaModel.tiny().withInt8Layers()
        let adapter = try LoRAAdapter.random(for: model)
        let expected = try gradients(model, adapter.parameters, adapter)
        #expect(try gradients(model.recomputingLayers(), adapter.parameters, adapter) == expected)
    }

    /// Eight layers' activations are 13 MB each; recomputed, one layer's and eight inputs of 1 MB. What tensors take is counted, which is
    /// the same in every run; what the process had resident varied with threads and other work.
    @Test func memoryIsThatOfOneLayer() throws {
        let configuration = ModelConfiguration(
            vocabularySize: 100, hiddenSize: 256, intermediateSize: 1024, layerCount: 8, headCount: 4,
            maximumPositionCount: 256, tiesEmbeddings: true)
        let model = try LlamaModel(configuration: configuration, weights: RandomWeights(configuration))
        let adapter = try LoRAAdapter.random(for: model)
        for (_, tensor) in adapter.parameters { tensor.requiresGradient = true }
        let tokens = Tensor((0..<1024).map { $0 * 37 % 100 }, shape: [4, 256])
        func peakBytes(_ model: any CausalLM) throws -> Int {
            let log = try MemoryLog.record {
                try model.hiddenStates(tokens, adapter: adapter).sum().backward()
                for (_, tensor) in adapter.parameters { tensor.gradient = nil }
            }
            var (now, most) = (0, 0)
            for size in log.sizes {
                now += Int(size)
                most = max(most, now)
            }
            return most
        }
        let (recomputed, remembered) = (try peakBytes(model.recomputingLayers()), try peakBytes(model))
        #expect(recomputed < 60 << 20 && remembered > 100 << 20, "\(recomputed) and \(remembered) bytes")
    }
}
