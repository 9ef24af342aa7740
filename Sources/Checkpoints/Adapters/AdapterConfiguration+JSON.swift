extension AdapterConfiguration: Codable {
    enum CodingKeys: String, CodingKey {
        case kind = "peft_type"
        case task = "task_type"
        case rank = "r"
        case alpha = "lora_alpha"
        case dropout = "lora_dropout"
        case targetModules = "target_modules"
        case bias
        case baseModel = "base_model_name_or_path"
        case isForInference = "inference_mode"
        case initialization = "init_lora_weights"
    }

    /// Settings of PEFT that would change what the adapter computes; each must be absent, null, false or empty.
    private static let unsupportedSettings = [
        "use_rslora", "use_dora", "use_qalora", "lora_bias", "fan_in_fan_out", "modules_to_save", "rank_pattern",
        "alpha_pattern", "exclude_modules", "layers_to_transform", "layer_replication", "target_parameters",
        "trainable_token_indices", "alora_invocation_tokens", "arrow_config",
    ]

    /// Decodes and validates; keys that do not change what the adapter computes are passed over.
    public init(from decoder: any Decoder) throws {
        let file = decoder.file(orElse: "adapter_config.json")
        func refuse(_ key: String, _ value: String, supported: String) -> CheckpointError {
            .unsupportedSetting(key: key, value: value, file: file, supported: supported)
        }
        let container = try decoder.container(keyedBy: CodingKeys.self)
        let kind = try container.decode(String.self, forKey: .kind)
        guard kind == "LORA" else { throw refuse("peft_type", kind, supported: "LORA") }
        let task = try container.decodeIfPresent(String.self, forKey: .task) ?? "CAUSAL_LM"
        guard task == "CAUSAL_LM" else { throw refuse("task_type", task, supported: "CAUSAL_LM") }
        let bias = try container.decodeIfPresent(String.self, forKey: .bias) ?? "none"
        guard bias == "none" else { throw refuse("bias", bias, supported: "none") }
        let settings = try decoder.container(keyedBy: AnyKey.self)
        for key in Self.unsupportedSettings {
            if let setting = try settings.decodeIfPresent(Setting.self, forKey: AnyKey(stringValue: key)), !setting.isOff {
                throw refuse(key, "set", supported: "leaving it out, null, false or empty")
            }
        }
        self.init(
            rank: try container.decode(Int.self, forKey: .rank),
            alpha: try container.decode(Double.self, forKey: .alpha),
            dropout: try container.decodeIfPresent(Double.self, forKey: .dropout) ?? 0,
            targetModules: try container.decode(TargetModules.self, forKey: .targetModules),
            baseModel: try container.decodeIfPresent(String.self, forKey: .baseModel))
        try validate(file: file)
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode("LORA", forKey: .kind)
        try container.encode("CAUSAL_LM", forKey: .task)
        try container.encode(rank, forKey: .rank)
        try container.encode(alpha, forKey: .alpha)
        try container.encode(dropout, forKey: .dropout)
        try container.encode(targetModules, forKey: .targetModules)
        try container.encode("none", forKey: .bias)
        try container.encode(baseModel, forKey: .baseModel)
        try container.encode(true, forKey: .isForInference)
        try container.encode(true, forKey: .initialization)
    }

    private struct AnyKey: CodingKey {
        var stringValue: String
        var intValue: Int? { nil }
        init(stringValue: String) { self.stringValue = stringValue }
        init?(intValue: Int) { nil }
    }

    /// Any JSON value, of which only matters whether it asks for something.
    private struct Setting: Decodable {
        var isOff: Bool

        init(from decoder: any Decoder) throws {
            if let list = try? decoder.unkeyedContainer() {
                isOff = list.isAtEnd
            } else if let object = try? decoder.container(keyedBy: AnyKey.self) {
                isOff = object.allKeys.isEmpty
            } else {
                isOff = (try? decoder.singleValueContainer().decode(Bool.self)) == false
            }
        }
    }
}

extension AdapterConfiguration.TargetModules: Codable {
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        self =
            if let pattern = try? container.decode(String.self) { .pattern(pattern) } else {
                .names(try container.decode([String].self).sorted())
            }
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        switch self {
        case .names(let names): try container.encode(names)
        case .pattern(let pattern): try container.encode(pattern)
        }
    }
}
