import Foundation

extension ModelConfiguration: Codable {
    enum CodingKeys: String, CodingKey {
        case architectures
        case modelType = "model_type"
        case vocabularySize = "vocab_size"
        case hiddenSize = "hidden_size"
        case intermediateSize = "intermediate_size"
        case layerCount = "num_hidden_layers"
        case headCount = "num_attention_heads"
        case keyValueHeadCount = "num_key_value_heads"
        case headSize = "head_dim"
        case activation = "hidden_act"
        case gemmaActivation = "hidden_activation"
        case normEpsilon = "rms_norm_eps"
        case ropeBase = "rope_theta"
        case ropeScaling = "rope_scaling"
        case ropeParameters = "rope_parameters"
        case maximumPositionCount = "max_position_embeddings"
        case tiesEmbeddings = "tie_word_embeddings"
        case attentionBias = "attention_bias"
        case feedForwardBias = "mlp_bias"
        case slidingWindow = "sliding_window"
        case usesSlidingWindow = "use_sliding_window"
        case firstWindowedLayer = "max_window_layers"
        case layerTypes = "layer_types"
        case attentionDropout = "attention_dropout"
        case initializerRange = "initializer_range"
        case bosTokenID = "bos_token_id"
        case eosTokenIDs = "eos_token_id"
        case paddingTokenID = "pad_token_id"
        case elementType = "torch_dtype"
        case quantization = "quantization_config"
        case partialRotaryFactor = "partial_rotary_factor"
    }

    /// Reads a `config.json`.
    ///
    /// - Throws: `CheckpointError`: `.unknownArchitecture`, `.unsupportedSetting`, `.invalid`, `.malformed`,
    ///   each naming the file.
    public init(contentsOf url: URL) throws {
        self = try JSONFile.decode(ModelConfiguration.self, from: url)
    }

    /// Decodes and validates; keys that do not change what the model computes are passed over.
    public init(from decoder: any Decoder) throws {
        let file = decoder.file(orElse: "config.json")
        let config = ConfigurationReader(container: try decoder.container(keyedBy: CodingKeys.self), file: file)
        // First, so that another family's file is refused by its name and not by its first missing key.
        let family = try Self.family(of: config)

        try config.require(.feedForwardBias, false)
        try config.require(.attentionDropout, 0.0)
        try config.require(.partialRotaryFactor, 1.0)
        if try config.container.contains(.quantization) && !config.container.decodeNil(forKey: .quantization) {
            throw config.refusal(.quantization, "set", supported: "unquantized weights; GGUF files for quantized ones")
        }

        let layerCount = try config.required(.layerCount, as: Int.self)
        let pieces = try family.pieces(config, layerCount: layerCount)
        // A family with another function has looked at its keys already.
        if pieces.activation == .silu { try config.require(.activation, pieces.activation.rawValue) }
        let rope = try RopeSettings(config)
        let (defaults, headSize) = (family.defaults, try config.value(.headSize, missing: family.defaults.headSize))
        self.init(
            architecture: family.architecture,
            vocabularySize: try config.required(.vocabularySize),
            hiddenSize: try config.required(.hiddenSize),
            intermediateSize: try config.required(.intermediateSize),
            layerCount: layerCount,
            headCount: try config.required(.headCount),
            keyValueHeadCount: try config.value(.keyValueHeadCount, missing: defaults.keyValueHeadCount),
            headSize: headSize,
            normEpsilon: try config.value(.normEpsilon) ?? 1e-6,
            ropeBase: rope.base, ropeScaling: rope.scaling,
            maximumPositionCount: try config.value(.maximumPositionCount) ?? defaults.maximumPositionCount,
            tiesEmbeddings: try config.value(.tiesEmbeddings) ?? defaults.tiesEmbeddings,
            pieces: pieces,
            initializerRange: try config.value(.initializerRange) ?? 0.02,
            bosTokenID: try config.value(.bosTokenID),
            eosTokenIDs: try config.value(.eosTokenIDs, as: TokenIDs.self)?.ids ?? [],
            paddingTokenID: try config.value(.paddingTokenID))

        if headSize == nil, headCount > 0, hiddenSize % headCount != 0 {
            throw CheckpointError.invalid(
                file: file,
                problems: [
                    "hidden_size (\(hiddenSize)) is not a multiple of num_attention_heads (\(headCount)), and head_dim is not given"
                ])
        }
        try validate(file: file)
    }

    /// By the first of `architectures`, or by `model_type` where there are none.
    private static func family(of config: ConfigurationReader) throws -> any ModelFamily {
        let modelType = try config.value(.modelType, as: String.self)
        let architecture =
            try config.value(.architectures, as: [String].self)?.first
            ?? ModelFamilies.all.first { $0.modelType == modelType }?.architecture ?? modelType ?? "(none named)"
        return try ModelFamilies.named(architecture, file: config.file)
    }

    /// Encodes a `config.json` that transformers reads; the weights beside it are taken to be float32.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode([architecture], forKey: .architectures)
        try container.encode(ModelFamilies[architecture]?.modelType, forKey: .modelType)
        try container.encode(vocabularySize, forKey: .vocabularySize)
        try container.encode(hiddenSize, forKey: .hiddenSize)
        try container.encode(intermediateSize, forKey: .intermediateSize)
        try container.encode(layerCount, forKey: .layerCount)
        try container.encode(headCount, forKey: .headCount)
        try container.encode(keyValueHeadCount, forKey: .keyValueHeadCount)
        try container.encode(headSize, forKey: .headSize)
        try container.encode(pieces.activation, forKey: .activation)
        try container.encode(normEpsilon, forKey: .normEpsilon)
        try container.encode(ropeBase, forKey: .ropeBase)
        try container.encode(ropeScaling, forKey: .ropeScaling)
        try container.encode(maximumPositionCount, forKey: .maximumPositionCount)
        try container.encode(tiesEmbeddings, forKey: .tiesEmbeddings)
        try container.encode(0.0, forKey: .attentionDropout)
        try container.encode(initializerRange, forKey: .initializerRange)
        try container.encode(bosTokenID, forKey: .bosTokenID)
        try container.encode(TokenIDs(ids: eosTokenIDs), forKey: .eosTokenIDs)
        try container.encode(paddingTokenID, forKey: .paddingTokenID)
        try container.encode("float32", forKey: .elementType)
        try ModelFamilies[architecture]?.encode(self, into: &container)
    }
}

extension ModelConfiguration {
    /// `eos_token_id`: one id, a list, or null.
    struct TokenIDs: Codable {
        var ids: [Int]

        init(ids: [Int]) { self.ids = ids }

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            ids = if let id = try? container.decode(Int.self) { [id] } else { try container.decode([Int].self) }
        }

        func encode(to encoder: any Encoder) throws {
            var container = encoder.singleValueContainer()
            switch ids.count {
            case 0: try container.encodeNil()
            case 1: try container.encode(ids[0])
            default: try container.encode(ids)
            }
        }
    }

    /// `rope_theta` and `rope_scaling`, or transformers 5's `rope_parameters`, which holds both.
    private struct RopeSettings {
        var base = 10000.0
        var scaling: RopeScaling?

        private enum Keys: String, CodingKey {
            case type = "rope_type"
            case formerType = "type"
            case base = "rope_theta"
        }

        init(_ config: ConfigurationReader) throws {
            let container = config.container
            base = try config.value(.ropeBase) ?? base
            for key in [CodingKeys.ropeScaling, .ropeParameters] {
                guard container.contains(key), try !container.decodeNil(forKey: key) else { continue }
                let nested = try container.nestedContainer(keyedBy: Keys.self, forKey: key)
                base = try nested.decodeIfPresent(Double.self, forKey: .base) ?? base
                let type =
                    try nested.decodeIfPresent(String.self, forKey: .type)
                    ?? nested.decodeIfPresent(String.self, forKey: .formerType) ?? "default"
                switch type {
                case "default": break
                case "llama3": scaling = try container.decode(RopeScaling.self, forKey: key)
                default:
                    throw CheckpointError.unsupportedSetting(
                        key: "\(key.rawValue).rope_type", value: type, file: config.file, supported: "default, llama3")
                }
            }
        }
    }
}
