import Checkpoints

/// A Llama small enough to write whole: two layers of width 16, grouped heads.
struct TinyModel {
    var configuration: ModelConfiguration
    var tensors: [(name: String, shape: [Int])]

    init(tied: Bool) {
        configuration = ModelConfiguration(
            vocabularySize: 32, hiddenSize: 16, intermediateSize: 24, layerCount: 2, headCount: 4, keyValueHeadCount: 2,
            normEpsilon: 1e-5, ropeBase: 20000, maximumPositionCount: 64, tiesEmbeddings: tied, bosTokenID: 1,
            eosTokenIDs: [2, 3])
        tensors = [("model.embed_tokens.weight", [32, 16]), ("model.norm.weight", [16])]
        if !tied { tensors.append(("lm_head.weight", [32, 16])) }
        for layer in 0..<2 {
            tensors += [
                ("input_layernorm", [16]), ("post_attention_layernorm", [16]), ("self_attn.q_proj", [16, 16]),
                ("self_attn.k_proj", [8, 16]), ("self_attn.v_proj", [8, 16]), ("self_attn.o_proj", [16, 16]),
                ("mlp.gate_proj", [24, 16]), ("mlp.up_proj", [24, 16]), ("mlp.down_proj", [16, 24]),
            ].map { ("model.layers.\(layer).\($0.0).weight", $0.1) }
        }
    }

    /// Weights that differ from tensor to tensor, all exact in bfloat16.
    func weights(of tensor: TensorDescription) -> [Float] {
        let start = tensor.name.utf8.reduce(0) { ($0 * 31 + Int($1)) % 127 }
        return (0..<tensor.count).map { Float((start + $0 * 7) % 127 - 63) / 64 }
    }
}
