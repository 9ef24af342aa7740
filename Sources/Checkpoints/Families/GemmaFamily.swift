/// Gemma, the first (Gemma Team 2024, arXiv:2403.08295): Llama with scaled embeddings, norms that multiply by 1 + weight, and a gate
/// through GELU. Gemma 2 and 3 are other classes with more pieces, and refused.
///
/// llama.cpp's files are not read: their norms have the 1 added already.
struct GemmaFamily: ModelFamily {
    let architecture = "GemmaForCausalLM"
    let modelType = "gemma"
    let defaults = FamilyDefaults(
        keyValueHeadCount: 16, headSize: 256, maximumPositionCount: 8192, tiesEmbeddings: true)

    func pieces(_ config: ConfigurationReader, layerCount: Int) throws -> LayerPieces {
        // `hidden_activation` was added because the first files say "gelu" where the models were trained with the approximation.
        let key =
            try config.value(.gemmaActivation, as: String.self) == nil ? ConfigurationReader.Key.activation : .gemmaActivation
        let name = try config.value(key, missing: LayerPieces.Activation.geluTanh.rawValue)
        guard name == LayerPieces.Activation.geluTanh.rawValue else {
            throw config.refusal(key, name ?? "null", supported: LayerPieces.Activation.geluTanh.rawValue)
        }
        return LayerPieces(
            attentionBias: try config.value(.attentionBias) ?? false ? .all : .none, activation: .geluTanh, normsAddOne: true,
            scalesEmbeddings: true)
    }

    func encode(
        _ configuration: ModelConfiguration, into container: inout KeyedEncodingContainer<ModelConfiguration.CodingKeys>
    ) throws {
        try container.encode(configuration.pieces.attentionBias == .all, forKey: .attentionBias)
        try container.encode(configuration.pieces.activation, forKey: .gemmaActivation)
    }
}
