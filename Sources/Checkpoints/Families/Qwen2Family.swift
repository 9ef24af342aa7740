/// Qwen 2 and 2.5 (Yang et al. 2024, arXiv:2407.10671): Llama with biases on queries, keys and values, and, on request, a window
/// in the upper layers.
struct Qwen2Family: ModelFamily {
    let architecture = "Qwen2ForCausalLM"
    let modelType = "qwen2"
    let defaults = FamilyDefaults(keyValueHeadCount: 32, maximumPositionCount: 32768)

    func pieces(_ config: ConfigurationReader, layerCount: Int) throws -> LayerPieces {
        // Not a key of this family, whose biases are fixed.
        try config.require(.attentionBias, false)
        return LayerPieces(
            attentionBias: .queryKeyValue, window: try SlidingWindow(ofUpperLayers: config, layerCount: layerCount))
    }

    func encode(
        _ configuration: ModelConfiguration, into container: inout KeyedEncodingContainer<ModelConfiguration.CodingKeys>
    ) throws {
        try SlidingWindow.encodeUpperLayers(of: configuration, into: &container)
    }

    let ggufName: String? = "qwen2"

    func pieces(ofGGUF holds: (String) -> Bool) -> LayerPieces { LayerPieces(attentionBias: .queryKeyValue) }
}
