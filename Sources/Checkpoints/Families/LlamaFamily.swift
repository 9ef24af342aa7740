/// Llama 2 and 3, TinyLlama, SmolLM and their kind (Touvron et al. 2023, arXiv:2307.09288).
struct LlamaFamily: ModelFamily {
    let architecture = "LlamaForCausalLM"
    let modelType = "llama"
    let defaults = FamilyDefaults(maximumPositionCount: 2048)

    func pieces(_ config: ConfigurationReader, layerCount: Int) throws -> LayerPieces {
        LayerPieces(attentionBias: try config.value(.attentionBias) ?? false ? .all : .none)
    }

    func encode(
        _ configuration: ModelConfiguration, into container: inout KeyedEncodingContainer<ModelConfiguration.CodingKeys>
    ) throws {
        try container.encode(configuration.pieces.attentionBias == .all, forKey: .attentionBias)
        try container.encode(false, forKey: .feedForwardBias)
    }

    let ggufName: String? = "llama"
    let ggufPermutesQueryAndKey = true

    func pieces(ofGGUF holds: (String) -> Bool) -> LayerPieces {
        LayerPieces(attentionBias: holds("model.layers.0.self_attn.q_proj.bias") ? .all : .none)
    }
}
