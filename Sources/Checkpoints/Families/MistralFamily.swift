/// Mistral 7B and its kind (Jiang et al. 2023, arXiv:2310.06825): Llama, whose tokens may see a window alone.
///
/// llama.cpp calls these models `llama`, and writes no window into their files.
struct MistralFamily: ModelFamily {
    let architecture = "MistralForCausalLM"
    let modelType = "mistral"
    let defaults = FamilyDefaults(keyValueHeadCount: 8, maximumPositionCount: 131_072)

    func pieces(_ config: ConfigurationReader, layerCount: Int) throws -> LayerPieces {
        try config.require(.attentionBias, false)
        // A file that leaves the window out has one; `null` is none.
        let length = try config.value(.slidingWindow, missing: 4096)
        let type = length == nil ? SlidingWindow.seesAll : SlidingWindow.seesWindow
        if let other = try config.value(.layerTypes, as: [String].self)?.first(where: { $0 != type }) {
            throw config.refusal(.layerTypes, other, supported: "\(type) in every layer, as sliding_window says")
        }
        return LayerPieces(window: length.map { SlidingWindow(length: $0, layers: 0..<max(0, layerCount)) })
    }

    func encode(
        _ configuration: ModelConfiguration, into container: inout KeyedEncodingContainer<ModelConfiguration.CodingKeys>
    ) throws {
        try container.encode(configuration.pieces.window?.length, forKey: .slidingWindow)
    }
}
