/// Qwen 3, the dense models (Yang et al. 2025, arXiv:2505.09388): Llama with every query and key head normalized, heads of a size of
/// their own, and, on request, a window in the upper layers.
struct Qwen3Family: ModelFamily {
    let architecture = "Qwen3ForCausalLM"
    let modelType = "qwen3"
    let defaults = FamilyDefaults(keyValueHeadCount: 32, headSize: 128, maximumPositionCount: 32768)

    func pieces(_ config: ConfigurationReader, layerCount: Int) throws -> LayerPieces {
        LayerPieces(
            attentionBias: try config.value(.attentionBias) ?? false ? .all : .none, normalizesHeads: true,
            window: try SlidingWindow(ofUpperLayers: config, layerCount: layerCount))
    }

    func encode(
        _ configuration: ModelConfiguration, into container: inout KeyedEncodingContainer<ModelConfiguration.CodingKeys>
    ) throws {
        try container.encode(configuration.pieces.attentionBias == .all, forKey: .attentionBias)
        try SlidingWindow.encodeUpperLayers(of: configuration, into: &container)
    }

    let ggufName: String? = "qwen3"

    func pieces(ofGGUF holds: (String) -> Bool) -> LayerPieces {
        LayerPieces(
            attentionBias: holds("model.layers.0.self_attn.q_proj.bias") ? .all : .none, normalizesHeads: true)
    }
}
