import Checkpoints
import Foundation
import ModelFixtures
import Models
import PeerProcess
import Testing
import Torch

/// Models whose frozen layers are packed, against the same models with those layers widened.
@Suite struct PackedLayersTests {
    private let tokens = Tensor((0..<96).map { $0 * 37 % 61 }, shape: [3, 32])

    /// A source whose layers are what a packed model's stand for.
    private struct Widened: TensorSource {
        let weights: any TensorSource
        let packed: [String: [Float]]

        init(_ weights: any TensorSource, as model: LlamaModel) {
            self.weights = weights
            packed = Dictionary(uniqueKeysWithValues: model.packedWeights.map { ($0.name, $0.weight.values().values()) })
        }

        var tensors: [TensorDescription] { weights.tensors }
        func description(of name: String) -> TensorDescription? { weights.description(of: name) }
        func read(_ name: String, into destination: UnsafeMutableBufferPointer<Float>) throws {
            guard let values = packed[name] else { return try weights.read(name, into: destination) }
            _ = destination.update(fromContentsOf: values)
        }
    }

    private func outcome(
        _ model: LlamaModel, fused: Bool, dtype: DType = .float32, dropout: Dropout? = nil
    ) throws -> (logits: [Double], gradients: [[Double]]) {
        model.fusesLayers = fused
        let adapter = try LoRAAdapter.random(for: model, dtype: dtype)
        for (_, tensor) in adapter.parameters { tensor.requiresGradient = true }
        let vocabulary = model.configuration.vocabularySize
        let tokens = Tensor(self.tokens.values(Int.self).map { $0 % vocabulary }, shape: self.tokens.shape)
        let hidden = model.hiddenStates(tokens, adapter: adapter, dropout: dropout)
        try (hidden * Generator(seed: 11).normal(hidden.shape, dtype: dtype)).sum().backward()
        let logits: [Double] = withoutGradient { model.logits(tokens, adapter: adapter).values() }
        return (logits, adapter.parameters.map { _, tensor in tensor.gradient!.values() })
    }

    /// Widths of 32 and 48: a block of NF4 is half or three quarters full.
    @Test(arguments: TinyFamily.allCases, [LayerStorage.int8PerRow, .nf4, .packed])
    func packedLayersAreTheWidenedOnes(_ family: TinyFamily, _ storage: LayerStorage) throws {
        let weights = RandomWeights(family.configuration)
        for (dtype, tolerance) in [(DType.float64, 1e-11), (.float32, 1e-5)] {
            func model(_ weights: any TensorSource, _ storage: LayerStorage) throws -> LlamaModel {
                try LlamaModel(configuration: family.configuration, weights: weights, dtype: dtype, layers: storage)
            }
            let packed = try model(weights, storage)
            #expect(packed.packedWeights.map(\.name) == packed.linearLayers.map { $0.name + ".weight" })
            #expect(try packed.parameterCount == model(weights, .exact).parameterCount)
            let widened = try model(Widened(weights, as: packed), .exact)
            for fused in [true, false] {
                let dropout = fused ? Dropout(probability: 0.2, key: 3) : nil
                let found = try outcome(packed, fused: fused, dtype: dtype, dropout: dropout)
                let expected = try outcome(widened, fused: fused, dtype: dtype, dropout: dropout)
                let logits = Difference(found.logits, expected.logits)
                #expect(logits.isWithin(relative: tolerance), "\(dtype), fused \(fused): \(logits)")
                for (found, expected) in zip(found.gradients, expected.gradients) {
                    let gradient = Difference(found, expected)
                    #expect(gradient.relativeNorm <= 10 * tolerance, "\(dtype), fused \(fused): \(gradient)")
                }
            }
        }
    }

    /// The slope along a random direction of each of the adapter's matrices, against central differences in float64.
    @Test(arguments: [LayerStorage.int8PerRow, .nf4], [true, false])
    func gradientsThroughPackedLayersAgreeWithFiniteDifferences(_ storage: LayerStorage, fused: Bool) throws {
        let configuration = TinyFamily.qwen3.configuration
        let model = try LlamaModel(
            configuration: configuration, weights: RandomWeights(configuration), dtype: .float64, layers: storage)
        model.fusesLayers = fused
        let adapter = try LoRAAdapter.random(for: model, dtype: .float64)
        for (_, tensor) in adapter.parameters { tensor.requiresGradient = true }
        func objective() -> Tensor {
            let hidden = model.hiddenStates(tokens, adapter: adapter)
            return (hidden * Generator(seed: 11).normal(hidden.shape, dtype: .float64)).sum()
        }
        try objective().backward()
        let generator = Generator(seed: 12)
        for (name, tensor) in adapter.parameters {
            let direction = generator.normal(tensor.shape, dtype: .float64)
            let slope: Double = (tensor.gradient! * direction).sum().item()
            func moved(by step: Double) -> Double {
                withoutGradient {
                    let before = tensor.detached().cloned()
                    tensor.assign(before + direction * step)
                    defer { tensor.assign(before) }
                    return objective().item()
                }
            }
            let expected = (moved(by: 1e-6) - moved(by: -1e-6)) / 2e-6
            #expect(abs(slope - expected) <= 1e-6 * max(1, abs(expected)), "\(name): \(slope), and \(expected) by differences")
        }
    }

    // MARK: As the file has them

    /// A GGUF with another type for each layer of a group, and rows of queries and keys that are put back.
    @Test func aFilesBlocksStayAsTheyAre() throws {
        let folder = try TemporaryFolder()
        let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
            .appendingPathComponent("../CheckpointsTests/Oracles/gguf_write.py")
        try PeerProcess.run(script.path, [folder.url.path])
        let files = try ModelFiles(at: folder.file("tiny.gguf"))
        func model(_ storage: LayerStorage) throws -> LlamaModel {
            try LlamaModel(configuration: files.configuration, weights: files.weights, layers: storage)
        }
        let (exact, packed) = (try model(.exact), try model(.packed))
        var bytes = 0
        for (name, weight) in packed.packedWeights {
            #expect(try weight.values().values(Float.self) == files.weights.floats(name), "\(name)")
            bytes += weight.byteCount
        }
        let formats = packed.packedWeights.prefix(7).map { "\($0.weight.format)" }
        #expect(formats == ["q4_1", "q8_0", "float16", "q4_0", "bfloat16", "q8_0", "q4_1"])
        #expect(bytes < exact.linearLayers.reduce(0) { $0 + $1.shape[0] * $1.shape[1] } * 2)
        for fused in [true, false] {
            let (found, expected) = (try outcome(packed, fused: fused), try outcome(exact, fused: fused))
            #expect(Difference(found.logits, expected.logits).isWithin(relative: 1e-5))
            for (found, expected) in zip(found.gradients, expected.gradients) {
                #expect(Difference(found, expected).relativeNorm <= 1e-4)
            }
        }
    }

    /// A Hugging Face folder in bfloat16 and in shards, which `packed` holds in half the memory.
    @Test func aFolderInBrainFloatStaysSo() throws {
        let folder = try TemporaryFolder()
        let configuration = ModelConfiguration.tiny(tied: false)
        try LlamaModel.tiny(configuration).write(to: folder.file("model"), elementType: .bfloat16)
        let files = try ModelFiles(at: folder.file("model"))
        let packed = try LlamaModel(configuration: configuration, weights: files.weights, layers: .packed)
        #expect(packed.packedWeights.allSatisfy { $0.weight.format == .bfloat16 })
        let exact = try LlamaModel(configuration: configuration, weights: files.weights)
        #expect(try Difference(outcome(packed, fused: true).logits, outcome(exact, fused: true).logits).isWithin(relative: 1e-5))
    }

    /// The default model keeps its Q4_1: the same weights to the bit, in a sixth of the memory, and the same losses to rounding.
    @Test func theDefaultModelIsTheSame() throws {
        let oracle = try LlamaOracle(.standardAdapted)
        let files = try ModelFiles(at: oracle.model)
        func model(_ storage: LayerStorage) throws -> LlamaModel {
            try LlamaModel(configuration: files.configuration, weights: files.weights, layers: storage)
        }
        let (exact, packed) = (try model(.exact), try model(.packed))
        #expect(packed.packedWeights.count == 210 && packed.packedWeights.allSatisfy { $0.weight.format == .q4_1 })
        for (name, weight) in packed.packedWeights.prefix(14) {
            #expect(weight.values().values(Float.self) == exact.parameters[name]!.values(), "\(name)")
        }
        let bits = Double(packed.packedWeights.reduce(0) { $0 + $1.weight.byteCount }) * 8
        #expect(bits == 5 * Double(packed.linearLayers.reduce(0) { $0 + $1.shape[0] * $1.shape[1] }))

        let inputIDs = try oracle.tokens("input_ids")
        let (batch, length) = (inputIDs.size(0), inputIDs.size(1))
        let targets = inputIDs.slice(1..<length, along: 1).reshaped([-1])
        func losses(_ model: LlamaModel) throws -> [Double] {
            let adapter = try oracle.loadAdapter(for: model)
            return withoutGradient {
                let hidden = model.hiddenStates(inputIDs, adapter: adapter).slice(0..<length - 1, along: 1)
                return LossHead(weight: model.headWeight).score(hidden.reshaped([batch * (length - 1), -1]), targets: targets)
                    .loss.values()
            }
        }
        let difference = Difference(try losses(packed), try losses(exact))
        #expect(difference.isWithin(relative: 1e-5), "\(difference)")
    }

    // MARK: What can't be, and what is written

    @Test func aPackedModelIsWrittenAsWhatItStandsFor() throws {
        let folder = try TemporaryFolder()
        let weights = RandomWeights(.tiny())
        let packed = try LlamaModel(configuration: .tiny(), weights: weights, layers: .nf4)
        let adapter = try LoRAAdapter.random(for: packed, targets: ["v_proj"])
        try packed.write(to: folder.file("merged"), merging: adapter)
        let merged = try ModelFiles(at: folder.file("merged"))
        let again = try LlamaModel(configuration: merged.configuration, weights: merged.weights)
        for (name, weight) in packed.packedWeights {
            let values: [Float] = weight.values().values()
            let expected = name.contains("v_proj") ? values.map { _ in 0 } : values
            let found: [Float] = again.parameters[name]!.values()
            #expect((found == expected) == !name.contains("v_proj"), "\(name)")
        }
        let (found, expected): ([Float], [Float]) = withoutGradient {
            (again.logits(tokens).values(), packed.logits(tokens, adapter: adapter).values())
        }
        #expect(Difference(found, expected).isWithin(relative: 1e-5))
    }

    @Test(arguments: [LayerStorage.packed, .int8PerRow, .nf4]) func whatPackingCannotDoIsRefused(_ storage: LayerStorage) throws {
        let weights = RandomWeights(.tiny())
        #expect(throws: ModelError.self) {
            try LlamaModel(configuration: .tiny(), weights: weights, dtype: .bfloat16, layers: storage)
        }
        let packed = try LlamaModel(configuration: .tiny(), weights: weights, layers: storage)
        #expect(throws: ModelError.self) { _ = try packed.withInt8Layers() }
        #expect(packed.reasonForPlainLayers == nil)
    }
}
