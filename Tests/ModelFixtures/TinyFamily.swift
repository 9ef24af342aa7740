import Checkpoints

/// A small model of every family, with all the pieces that the family can have; windows are shorter than the texts of the tests.
public enum TinyFamily: String, CaseIterable, Sendable {
    case llama, mistral, qwen2, qwen3, gemma

    public var configuration: ModelConfiguration {
        var configuration = ModelConfiguration.tiny(layerCount: 2)
        switch self {
        case .llama:
            configuration.architecture = "LlamaForCausalLM"
            configuration.pieces = LayerPieces(attentionBias: .all)
        case .mistral:
            configuration.architecture = "MistralForCausalLM"
            configuration.pieces = LayerPieces(window: SlidingWindow(length: 4, layers: 0..<2))
        case .qwen2:
            configuration.architecture = "Qwen2ForCausalLM"
            configuration.pieces = LayerPieces(
                attentionBias: .queryKeyValue, window: SlidingWindow(length: 3, layers: 1..<2))
        case .qwen3:
            configuration.architecture = "Qwen3ForCausalLM"
            configuration.headSize = 12
            configuration.pieces = LayerPieces(
                attentionBias: .all, normalizesHeads: true, window: SlidingWindow(length: 5, layers: 1..<2))
        case .gemma:
            configuration.architecture = "GemmaForCausalLM"
            configuration.headSize = 12
            configuration.pieces = LayerPieces(
                attentionBias: .all, activation: .geluTanh, normsAddOne: true, scalesEmbeddings: true)
        }
        return configuration
    }
}
