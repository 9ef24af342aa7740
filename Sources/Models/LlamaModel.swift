import Checkpoints
import Torch

/// The Llama decoder: RMSNorm, rotary positions, grouped-query attention, a gated feed-forward layer; and, piece by piece, what the
/// families that came from it do besides (`LayerPieces`).
///
/// Touvron et al. 2023 (arXiv:2302.13971, 2307.09288); parameter names are Hugging Face's. TinyLlama, SmolLM2 and their kind are plain
/// Llama with other numbers.
public final class LlamaModel: CausalLM {
    public let configuration: ModelConfiguration
    public private(set) var parameters = NamedTensors()
    public let linearLayers: [(name: String, shape: [Int])]
    public let headWeight: Tensor
    /// Whether layers run as one differentiable piece each, where they can. The plain path stays as their oracle.
    public var fusesLayers = true

    private let embedding: Tensor
    /// What embeddings are multiplied by, in their own type, as transformers rounds it.
    private let embeddingScale: Tensor?
    private let blocks: [LlamaBlock]
    private let norm: RMSNorm
    private let rotary: RotaryEmbedding

    /// - Parameters:
    ///   - dtype: of weights and activations.
    ///   - layerDType: what the linear layers' weights are held in, where it isn't `dtype`: each product widens its own.
    /// - Throws: `ModelError` where a tensor is missing or has another shape than `configuration` calls for.
    public init(
        configuration: ModelConfiguration, weights: any TensorSource, dtype: DType = .float32, layerDType: DType? = nil,
        device: Device = .cpu
    ) throws {
        self.configuration = configuration
        let loader = WeightLoader(source: weights, dtype: dtype, layerDType: layerDType ?? dtype, device: device)
        var parameters = NamedTensors()
        func parameter(_ name: String, _ shape: [Int]) throws -> Tensor {
            let tensor = try loader(name, shape)
            parameters.set(name, tensor)
            return tensor
        }

        func packed(_ parts: [(name: String, outputs: Int)], _ inputs: Int, _ hasBias: Bool) throws -> LinearGroup {
            let group = try LinearGroup(parts, inputs: inputs, hasBias: hasBias, weights: loader)
            for linear in group.linears {
                parameters.set(linear.name + ".weight", linear.weight)
                if let bias = linear.bias { parameters.set(linear.name + ".bias", bias) }
            }
            return group
        }

        let (vocabulary, width) = (configuration.vocabularySize, configuration.hiddenSize)
        embedding = try parameter("model.embed_tokens.weight", [vocabulary, width])
        blocks = try (0..<configuration.layerCount).map { index in
            try LlamaBlock(configuration, index: index, parameter: parameter, packed: packed)
        }
        norm = RMSNorm(
            weight: try parameter("model.norm.weight", [width]), epsilon: configuration.normEpsilon,
            addsOne: configuration.pieces.normsAddOne)
        headWeight = configuration.tiesEmbeddings ? embedding : try parameter("lm_head.weight", [vocabulary, width])
        rotary = RotaryEmbedding(configuration, dtype: dtype, device: device)
        embeddingScale =
            configuration.pieces.scalesEmbeddings
            ? Tensor(scalar: Double(width).squareRoot()).converted(to: dtype).moved(to: device) : nil
        linearLayers = blocks.flatMap(\.linears).map { ($0.name, $0.weight.shape) }
        self.parameters = parameters
        try refuseStrangers(weights)
    }

    private init(_ other: LlamaModel, blocks: [LlamaBlock]) {
        configuration = other.configuration
        (parameters, linearLayers, headWeight) = (other.parameters, other.linearLayers, other.headWeight)
        (fusesLayers, embedding, norm, rotary) = (other.fusesLayers, other.embedding, other.norm, other.rotary)
        embeddingScale = other.embeddingScale
        self.blocks = blocks
    }

    /// A layer's tensor that goes unread means that the weights are another model's: it would compute something else in silence.
    private func refuseStrangers(_ weights: any TensorSource) throws {
        let strangers = weights.tensors.map(\.name).filter {
            // Rotary frequencies are written by some versions of transformers, and computed here.
            $0.hasPrefix("model.layers.") && parameters[$0] == nil && !$0.hasSuffix(".rotary_emb.inv_freq")
        }
        guard strangers.isEmpty else {
            throw ModelError.unreadTensors(strangers, architecture: configuration.architecture)
        }
    }

    public func withInt8Layers() throws -> any CausalLM {
        guard headWeight.device == .cpu, headWeight.dtype == .float32, Int8Weight.isSupported else {
            throw ModelError.noInt8(dtype: "\(headWeight.dtype)", device: "\(headWeight.device)")
        }
        return LlamaModel(self, blocks: blocks.map { $0.withInt8() })
    }

    public func hiddenStates(
        _ inputIDs: Tensor, adapter: LoRAAdapter?, dropout: Dropout?, cache: KeyValueCache?, gradientRows: GradientRows?
    ) -> Tensor {
        let (batch, length) = (inputIDs.size(0), inputIDs.size(1))
        let start = cache?.length ?? 0
        precondition(
            start + length <= configuration.maximumPositionCount,
            "\(ModelError.sequenceTooLong(start + length, limit: configuration.maximumPositionCount))")
        let pass = LlamaBlock.Pass(
            batch: batch, length: length, rotation: rotary.angles(start..<start + length), adapter: adapter, dropout: dropout,
            cache: cache, gradientRows: gradientRows)

        var hidden = embedded(inputIDs)
        let fuses = reasonForPlainLayers(cache: cache != nil, length: length) == nil
        for block in blocks { hidden = fuses ? block.fused(hidden, pass) : block.plain(hidden, pass) }
        cache?.advance(by: length)
        return norm(hidden).reshaped([batch, length, configuration.hiddenSize])
    }

    public var reasonForPlainLayers: PlainReason? { reasonForPlainLayers(cache: false, length: 2) }

    private func reasonForPlainLayers(cache: Bool, length: Int) -> PlainReason? {
        guard fusesLayers else { return .asked }
        return blocks.lazy.compactMap { $0.reasonForPlain(cache: cache, length: length) }.first
    }

    /// `[B, T] → [B·T, D]`
    private func embedded(_ inputIDs: Tensor) -> Tensor {
        let rows: Tensor = Operator.embedding(embedding, inputIDs.reshaped([-1]))
        return embeddingScale.map { rows * $0 } ?? rows
    }

    public func firstNonFiniteModule(_ inputIDs: Tensor, adapter: LoRAAdapter?) -> String? {
        withoutGradient {
            let (batch, length) = (inputIDs.size(0), inputIDs.size(1))
            let pass = LlamaBlock.Pass(
                batch: batch, length: length, rotation: rotary.angles(0..<length), adapter: adapter, dropout: nil, cache: nil,
                gradientRows: nil)
            var hidden = embedded(inputIDs)
            guard hidden.isAllFinite else { return "model.embed_tokens" }
            for (index, block) in blocks.enumerated() {
                hidden = block.plain(hidden, pass)
                guard hidden.isAllFinite else { return "model.layers.\(index)" }
            }
            return norm(hidden).isAllFinite ? nil : "model.norm"
        }
    }
}
