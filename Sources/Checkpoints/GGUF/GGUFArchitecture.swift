import Foundation

/// What llama.cpp's converter calls families and their tensors.
enum GGUFArchitecture {
    /// By `general.architecture`.
    static let known: [String: any ModelFamily] = Dictionary(
        uniqueKeysWithValues: ModelFamilies.all.compactMap { family in family.ggufName.map { ($0, family) } })

    /// GGUF's `token_embd.weight` or `blk.3.attn_q.weight` as Hugging Face calls it, or the name itself where it has no counterpart.
    static func huggingFaceName(of name: String) -> String {
        guard let dot = name.lastIndex(of: ".") else { return name }
        let (stem, suffix) = (name[..<dot], name[dot...])
        if let outer = outerNames[String(stem)] { return outer + suffix }
        let parts = stem.split(separator: ".", maxSplits: 2, omittingEmptySubsequences: false)
        guard parts.count == 3, parts[0] == "blk", let layer = Int(parts[1]), let inner = layerNames[String(parts[2])] else {
            return name
        }
        return "model.layers.\(layer).\(inner)\(suffix)"
    }

    private static let outerNames = ["token_embd": "model.embed_tokens", "output_norm": "model.norm", "output": "lm_head"]
    private static let layerNames = [
        "attn_norm": "input_layernorm", "ffn_norm": "post_attention_layernorm",
        "attn_q": "self_attn.q_proj", "attn_k": "self_attn.k_proj", "attn_v": "self_attn.v_proj",
        "attn_output": "self_attn.o_proj", "attn_q_norm": "self_attn.q_norm", "attn_k_norm": "self_attn.k_norm",
        "ffn_gate": "mlp.gate_proj", "ffn_up": "mlp.up_proj", "ffn_down": "mlp.down_proj",
    ]
}
