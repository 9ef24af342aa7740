import Checkpoints
import Foundation
import ModelFixtures

/// What transformers and PEFT make of a small random model of each family, saved by `save_pretrained`.
enum FamilyOracle: String, CaseIterable, Sendable {
    /// Grouped heads, tied.
    case llama2
    /// Llama 3.1's scaling of the rotary frequencies.
    case llama3
    /// A window shorter than the text in every layer; a head size of its own; several files.
    case mistral
    /// Biases on queries, keys and values; tied.
    case qwen2
    /// The same with a window in the upper layer; untied.
    case qwen2Window
    /// Norms on query and key heads; a head size of its own; several files.
    case qwen3
    /// Scaled embeddings, norms by 1 + weight, GELU; tied, as the family's files leave unsaid.
    case gemma

    /// Every weight trained, and a continuation.
    func base() throws -> LlamaOracle { try Self.all.get()["family-\(rawValue)"]! }

    /// An adapter on all linear layers, biased ones included.
    func adapted() throws -> LlamaOracle { try Self.all.get()["family-\(rawValue)-adapted"]! }

    static let prompt = 9
    static let generatedCount = 24

    private static let all: Result<[String: LlamaOracle], any Error> = Result {
        var specifications: [String: [String: Any]] = [:]
        for family in allCases {
            let ids: [String: Any] = ["batch": 2, "length": 40, "seed": 6]
            specifications["family-\(family.rawValue)"] = [
                "model": family.model, "input_ids": ids, "generate": ["prompt": prompt, "tokens": generatedCount],
            ]
            specifications["family-\(family.rawValue)-adapted"] = [
                "model": family.model, "input_ids": ids,
                // At a scale of 1 the adapter outweighs the base, and transformers in float32 is 2e-5 from itself in float64.
                "lora": ["r": 4, "alpha": 8, "targets": LlamaOracle.everyLayer, "seed": 3, "scale": 0.25],
            ]
        }
        return try LlamaOracle.computed(specifications)
    }

    private var model: [String: Any] {
        // Without tokens of a special meaning: padding would get no gradient, and an end would cut the continuation short.
        let sizes: [String: Any] = [
            "vocab_size": 61, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 3, "num_attention_heads": 4,
            "num_key_value_heads": 2, "max_position_embeddings": 64, "seed": 1, "bos_token_id": NSNull(),
            "eos_token_id": NSNull(), "pad_token_id": NSNull(),
        ]
        let own: [String: Any] =
            switch self {
            case .llama2: ["model_type": "llama", "tie_word_embeddings": true]
            case .llama3:
                [
                    "model_type": "llama", "rope_theta": 500000.0,
                    "rope_scaling": [
                        "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                        "original_max_position_embeddings": 16,
                    ],
                ]
            case .mistral: ["model_type": "mistral", "sliding_window": 7, "head_dim": 12, "shard": "20KB"]
            case .qwen2: ["model_type": "qwen2", "tie_word_embeddings": true, "rope_theta": 1_000_000.0]
            case .qwen2Window:
                ["model_type": "qwen2", "use_sliding_window": true, "sliding_window": 5, "max_window_layers": 1]
            case .qwen3: ["model_type": "qwen3", "head_dim": 12, "rope_theta": 1_000_000.0, "shard": "20KB"]
            case .gemma: ["model_type": "gemma", "head_dim": 12]
            }
        return sizes.merging(own) { $1 }
    }
}
