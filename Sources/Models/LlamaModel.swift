import Checkpoints
import Torch

/// The Llama decoder: RMSNorm, rotary positions, grouped-query attention, SwiGLU.
///
/// Touvron et al. 2023 (arXiv:2302.13971, 2307.09288); parameter names are those of Hugging Face's `LlamaForCausalLM`.
/// TinyLlama, SmolLM2 and their kind are this model with other numbers.
public final class LlamaModel: CausalLM {
    public let configuration: ModelConfiguration
    public private(set) var parameters = NamedTensors()
    public let linearLayers: [(name: String, shape: [Int])]
    public let headWeight: Tensor
    /// Whether layers run as one differentiable piece each, where they can. The plain path stays as their oracle.
    public var fusesLayers = true

    private let embedding: Tensor
    private let blocks: [LlamaBlock]
    private let norm: RMSNorm
    private let rotary: RotaryEmbedding

    /// - Throws: `ModelError` where a tensor is missing or has another shape than `configuration` calls for.
    public init(
        configuration: ModelConfiguration, weights: any TensorSource, dtype: DType = .float32, device: Device = .cpu
    ) throws {
        self.configuration = configuration
        let load = WeightLoader(source: weights, dtype: dtype, device: device)
        var parameters = NamedTensors()
        func parameter(_ name: String, _ shape: [Int]) throws -> Tensor {
            let tensor = try load(name, shape)
            parameters.set(name, tensor)
            return tensor
        }

        func packed(_ parts: [(name: String, outputs: Int)], _ inputs: Int, _ hasBias: Bool) throws -> LinearGroup {
            let group = try LinearGroup(
                parts, inputs: inputs, hasBias: hasBias, dtype: dtype, device: device, load: load.callAsFunction)
            for linear in group.linears {
                parameters.set(linear.name + ".weight", linear.weight)
                if let bias = linear.bias { parameters.set(linear.name + ".bias", bias) }
            }
            return group
        }

        let (vocabulary, width) = (configuration.vocabularySize, configuration.hiddenSize)
        embedding = try parameter("model.embed_tokens.weight", [vocabulary, width])
        blocks = try (0..<configuration.layerCount).map { index in
            try LlamaBlock(configuration, prefix: "model.layers.\(index)", parameter: parameter, packed: packed)
        }
        norm = RMSNorm(weight: try parameter("model.norm.weight", [width]), epsilon: configuration.normEpsilon)
        headWeight = configuration.tiesEmbeddings ? embedding : try parameter("lm_head.weight", [vocabulary, width])
        rotary = RotaryEmbedding(configuration, dtype: dtype, device: device)
        linearLayers = blocks.flatMap(\.linears).map { ($0.name, $0.weight.shape) }
        self.parameters = parameters
    }

    private init(_ other: LlamaModel, blocks: [LlamaBlock]) {
        configuration = other.configuration
        (parameters, linearLayers, headWeight) = (other.parameters, other.linearLayers, other.headWeight)
        (fusesLayers, embedding, norm, rotary) = (other.fusesLayers, other.embedding, other.norm, other.rotary)
        self.blocks = blocks
    }

    public func withInt8Layers() throws -> any CausalLM {
        guard headWeight.device == .cpu, headWeight.dtype == .float32, Int8Weight.isSupported else {
            throw ModelError.noInt8(dtype: "\(headWeight.dtype)", device: "\(headWeight.device)")
        }
        return LlamaModel(self, blocks: blocks.map { $0.withInt8() })
    }

    public func hiddenStates(
        _ inputIDs: Tensor, adapter: LoRAAdapter?, dropout: Dropout?, cache: KeyValueCache?
    ) -> Tensor {
        let (batch, length) = (inputIDs.size(0), inputIDs.size(1))
        let start = cache?.length ?? 0
        precondition(
            start + length <= configuration.maximumPositionCount,
            "\(ModelError.sequenceTooLong(start + length, limit: configuration.maximumPositionCount))")
        let pass = LlamaBlock.Pass(
            batch: batch, length: length, rotation: rotary.angles(start..<start + length), adapter: adapter, dropout: dropout,
            cache: cache)

        var hidden: Tensor = Operator.embedding(embedding, inputIDs.reshaped([-1]))  // [B·T, D]
        let fuses = fusesLayers && blocks.allSatisfy { $0.canFuse(hidden, pass) }
        for (index, block) in blocks.enumerated() {
            hidden = fuses ? block.fused(hidden, pass) : block.plain(hidden, layer: index, pass)
        }
        cache?.advance(by: length)
        return norm(hidden).reshaped([batch, length, configuration.hiddenSize])
    }

    public func firstNonFiniteModule(_ inputIDs: Tensor, adapter: LoRAAdapter?) -> String? {
        withoutGradient {
            let (batch, length) = (inputIDs.size(0), inputIDs.size(1))
            let pass = LlamaBlock.Pass(
                batch: batch, length: length, rotation: rotary.angles(0..<length), adapter: adapter, dropout: nil, cache: nil)
            var hidden: Tensor = Operator.embedding(embedding, inputIDs.reshaped([-1]))  // [B·T, D]
            guard hidden.isAllFinite else { return "model.embed_tokens" }
            for (index, block) in blocks.enumerated() {
                hidden = block.plain(hidden, layer: index, pass)
                guard hidden.isAllFinite else { return "model.layers.\(index)" }
            }
            return norm(hidden).isAllFinite ? nil : "model.norm"
        }
    }
}
