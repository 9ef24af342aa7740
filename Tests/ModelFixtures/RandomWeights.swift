import Checkpoints
import Models
import Torch

/// The weights of a small decoder, drawn large enough for attention and losses to matter.
public struct RandomWeights: TensorSource {
    public let tensors: [TensorDescription]
    private let values: [String: [Float]]

    public init(_ configuration: ModelConfiguration, seed: UInt64 = 0) {
        let (width, inner) = (configuration.hiddenSize, configuration.intermediateSize)
        let queries = configuration.headCount * configuration.headSize
        let keyValues = configuration.keyValueHeadCount * configuration.headSize
        var shapes: [(String, [Int])] = [
            ("model.embed_tokens.weight", [configuration.vocabularySize, width]), ("model.norm.weight", [width]),
        ]
        if !configuration.tiesEmbeddings { shapes.append(("lm_head.weight", [configuration.vocabularySize, width])) }
        for layer in 0..<configuration.layerCount {
            for (name, shape) in [
                ("input_layernorm", [width]), ("post_attention_layernorm", [width]),
                ("self_attn.q_proj", [queries, width]), ("self_attn.k_proj", [keyValues, width]),
                ("self_attn.v_proj", [keyValues, width]), ("self_attn.o_proj", [width, queries]),
                ("mlp.gate_proj", [inner, width]), ("mlp.up_proj", [inner, width]), ("mlp.down_proj", [width, inner]),
            ] {
                shapes.append(("model.layers.\(layer).\(name).weight", shape))
                if Self.hasBias(name, configuration.pieces) { shapes.append(("model.layers.\(layer).\(name).bias", [shape[0]])) }
            }
            for name in configuration.pieces.normalizesHeads ? ["q_norm", "k_norm"] : [] {
                shapes.append(("model.layers.\(layer).self_attn.\(name).weight", [configuration.headSize]))
            }
        }
        tensors = shapes.map { TensorDescription(name: $0.0, elementType: .float32, shape: $0.1) }
        let generator = Generator(seed: seed)
        values = Dictionary(
            uniqueKeysWithValues: shapes.map { name, shape in
                let noise = generator.normal(shape)
                let scaled =
                    name.contains("norm")
                    ? noise * 0.1 + (configuration.pieces.normsAddOne ? 0 : 1)
                    : name.contains("embed") ? noise * 0.5 : noise * (1 / Double(shape.last!).squareRoot())
                return (name, scaled.values())
            })
    }

    private static func hasBias(_ name: String, _ pieces: LayerPieces) -> Bool {
        switch pieces.attentionBias {
        case .none: false
        case .queryKeyValue: ["self_attn.q_proj", "self_attn.k_proj", "self_attn.v_proj"].contains(name)
        case .all: name.hasPrefix("self_attn")
        }
    }

    public func description(of name: String) -> TensorDescription? { tensors.first { $0.name == name } }

    public func read(_ name: String, into destination: UnsafeMutableBufferPointer<Float>) throws {
        _ = destination.update(fromContentsOf: values[name]!)
    }
}

extension ModelConfiguration {
    /// Two layers, grouped heads: a model of some 10,000 weights.
    public static func tiny(
        tied: Bool = true, vocabularySize: Int = 61, layerCount: Int = 2, attentionBias: Bool = false
    ) -> ModelConfiguration {
        ModelConfiguration(
            vocabularySize: vocabularySize, hiddenSize: 32, intermediateSize: 48, layerCount: layerCount, headCount: 4,
            keyValueHeadCount: 2, maximumPositionCount: 64, tiesEmbeddings: tied,
            pieces: LayerPieces(attentionBias: attentionBias ? .all : .none))
    }
}

extension LlamaModel {
    /// A small random model.
    public static func tiny(
        _ configuration: ModelConfiguration = .tiny(), seed: UInt64 = 0, dtype: DType = .float32
    ) throws -> LlamaModel {
        try LlamaModel(configuration: configuration, weights: RandomWeights(configuration, seed: seed), dtype: dtype)
    }
}

extension LoRAAdapter {
    /// An adapter whose B isn't zero, as if it had been trained.
    public static func random(
        for model: any CausalLM, rank: Int = 3, dropout: Double = 0,
        targets: [String] = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"], seed: UInt64 = 1,
        dtype: DType = .float32
    ) throws -> LoRAAdapter {
        var options = Options()
        (options.rank, options.alpha, options.dropout, options.targetModules) = (rank, 2 * Double(rank), dropout, targets)
        let adapter = try LoRAAdapter(for: model, options: options, seed: seed, dtype: dtype)
        let generator = Generator(seed: seed + 1)
        for name in adapter.names {
            let b = adapter.modules[name]!.b
            b.assign(generator.normal(b.shape) * 0.1)
        }
        return adapter
    }
}
