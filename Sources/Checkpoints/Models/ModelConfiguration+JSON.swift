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
        case normEpsilon = "rms_norm_eps"
        case ropeBase = "rope_theta"
        case ropeScaling = "rope_scaling"
        case ropeParameters = "rope_parameters"
        case maximumPositionCount = "max_position_embeddings"
        case tiesEmbeddings = "tie_word_embeddings"
        case attentionBias = "attention_bias"
        case feedForwardBias = "mlp_bias"
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
        let container = try decoder.container(keyedBy: CodingKeys.self)
        func refuse(_ key: CodingKeys, _ value: Any, supported: String) -> CheckpointError {
            .unsupportedSetting(key: key.rawValue, value: "\(value)", file: file, supported: supported)
        }

        // First, so that another family's file is refused by its name and not by its first missing key.
        let architectures = try container.decodeIfPresent([String].self, forKey: .architectures) ?? []
        let modelType = try container.decodeIfPresent(String.self, forKey: .modelType)
        let architecture =
            architectures.first ?? Self.knownArchitectures.first { $0.value == modelType }?.key ?? modelType ?? "(none named)"
        guard Self.knownArchitectures[architecture] != nil else {
            throw CheckpointError.unknownArchitecture(
                name: architecture, file: file, known: Self.knownArchitectures.keys.sorted())
        }

        let activation = try container.decodeIfPresent(String.self, forKey: .activation) ?? "silu"
        guard activation == "silu" else { throw refuse(.activation, activation, supported: "silu") }
        guard try container.decodeIfPresent(Bool.self, forKey: .feedForwardBias) != true else {
            throw refuse(.feedForwardBias, true, supported: "false")
        }
        let dropout = try container.decodeIfPresent(Double.self, forKey: .attentionDropout) ?? 0
        guard dropout == 0 else { throw refuse(.attentionDropout, dropout, supported: "0.0") }
        let rotary = try container.decodeIfPresent(Double.self, forKey: .partialRotaryFactor) ?? 1
        guard rotary == 1 else { throw refuse(.partialRotaryFactor, rotary, supported: "1.0") }
        if try container.contains(.quantization) && !container.decodeNil(forKey: .quantization) {
            throw refuse(.quantization, "set", supported: "unquantized weights; GGUF files for quantized ones")
        }

        let rope = try RopeSettings(container, file: file)
        self.init(
            architecture: architecture,
            vocabularySize: try container.decode(Int.self, forKey: .vocabularySize),
            hiddenSize: try container.decode(Int.self, forKey: .hiddenSize),
            intermediateSize: try container.decode(Int.self, forKey: .intermediateSize),
            layerCount: try container.decode(Int.self, forKey: .layerCount),
            headCount: try container.decode(Int.self, forKey: .headCount),
            keyValueHeadCount: try container.decodeIfPresent(Int.self, forKey: .keyValueHeadCount),
            headSize: try container.decodeIfPresent(Int.self, forKey: .headSize),
            normEpsilon: try container.decodeIfPresent(Double.self, forKey: .normEpsilon) ?? 1e-6,
            ropeBase: rope.base, ropeScaling: rope.scaling,
            maximumPositionCount: try container.decodeIfPresent(Int.self, forKey: .maximumPositionCount) ?? 2048,
            tiesEmbeddings: try container.decodeIfPresent(Bool.self, forKey: .tiesEmbeddings) ?? false,
            attentionBias: try container.decodeIfPresent(Bool.self, forKey: .attentionBias) ?? false,
            initializerRange: try container.decodeIfPresent(Double.self, forKey: .initializerRange) ?? 0.02,
            bosTokenID: try container.decodeIfPresent(Int.self, forKey: .bosTokenID),
            eosTokenIDs: try container.decodeIfPresent(TokenIDs.self, forKey: .eosTokenIDs)?.ids ?? [],
            paddingTokenID: try container.decodeIfPresent(Int.self, forKey: .paddingTokenID))

        if try container.decodeIfPresent(Int.self, forKey: .headSize) == nil, headCount > 0, hiddenSize % headCount != 0 {
            throw CheckpointError.invalid(
                file: file,
                problems: [
                    "hidden_size (\(hiddenSize)) is not a multiple of num_attention_heads (\(headCount)), and head_dim is not given"
                ])
        }
        try validate(file: file)
    }

    /// Encodes a `config.json` that transformers reads; the weights beside it are taken to be float32.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode([architecture], forKey: .architectures)
        try container.encode(Self.knownArchitectures[architecture], forKey: .modelType)
        try container.encode(vocabularySize, forKey: .vocabularySize)
        try container.encode(hiddenSize, forKey: .hiddenSize)
        try container.encode(intermediateSize, forKey: .intermediateSize)
        try container.encode(layerCount, forKey: .layerCount)
        try container.encode(headCount, forKey: .headCount)
        try container.encode(keyValueHeadCount, forKey: .keyValueHeadCount)
        try container.encode(headSize, forKey: .headSize)
        try container.encode("silu", forKey: .activation)
        try container.encode(normEpsilon, forKey: .normEpsilon)
        try container.encode(ropeBase, forKey: .ropeBase)
        try container.encode(ropeScaling, forKey: .ropeScaling)
        try container.encode(maximumPositionCount, forKey: .maximumPositionCount)
        try container.encode(tiesEmbeddings, forKey: .tiesEmbeddings)
        try container.encode(attentionBias, forKey: .attentionBias)
        try container.encode(false, forKey: .feedForwardBias)
        try container.encode(0.0, forKey: .attentionDropout)
        try container.encode(initializerRange, forKey: .initializerRange)
        try container.encode(bosTokenID, forKey: .bosTokenID)
        try container.encode(TokenIDs(ids: eosTokenIDs), forKey: .eosTokenIDs)
        try container.encode(paddingTokenID, forKey: .paddingTokenID)
        try container.encode("float32", forKey: .elementType)
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

        init(_ container: KeyedDecodingContainer<CodingKeys>, file: String) throws {
            base = try container.decodeIfPresent(Double.self, forKey: .ropeBase) ?? base
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
                        key: "\(key.rawValue).rope_type", value: type, file: file, supported: "default, llama3")
                }
            }
        }
    }
}
