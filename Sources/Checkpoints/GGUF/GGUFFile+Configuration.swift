extension GGUFFile {
    /// The model's sizes, in the words of a `config.json`.
    ///
    /// - Throws: `CheckpointError.malformed` where the metadata lacks one, `.unsupportedSetting` where it asks for what is not
    ///   implemented, `.invalid` where the sizes contradict each other or the embedding's shape.
    public func configuration() throws -> ModelConfiguration {
        let reading = GGUFMetadata(metadata, file: url.path)
        let (family, name) = (try reading.family(), try reading.architectureName())
        func key(_ suffix: String) -> String { "\(name).\(suffix)" }
        func size(_ suffix: String) throws -> Int { try reading.required(key(suffix), reading.integer(key(suffix))) }

        guard let embedding = description(of: "model.embed_tokens.weight"), embedding.shape.count == 2 else {
            throw CheckpointError.malformed(
                file: url.path, problem: "holds no token embedding, token_embd.weight, of two dimensions")
        }
        let hiddenSize = try size("embedding_length")
        let headCount = try size("attention.head_count")
        let vocabularySize = try reading.integer(key("vocab_size")) ?? embedding.shape[0]
        guard embedding.shape == [vocabularySize, hiddenSize] else {
            throw CheckpointError.wrongShape(
                tensor: embedding.name, file: url.path, expected: [vocabularySize, hiddenSize], found: embedding.shape)
        }
        try refuseUnsupported(reading, family: name, headCount: headCount, hiddenSize: hiddenSize)

        let configuration = ModelConfiguration(
            architecture: family.architecture,
            vocabularySize: vocabularySize, hiddenSize: hiddenSize,
            intermediateSize: try size("feed_forward_length"), layerCount: try size("block_count"),
            headCount: headCount, keyValueHeadCount: try reading.integer(key("attention.head_count_kv")),
            headSize: try reading.integer(key("attention.key_length")),
            normEpsilon: try reading.required(
                key("attention.layer_norm_rms_epsilon"), reading.float(key("attention.layer_norm_rms_epsilon"))),
            ropeBase: try reading.float(key("rope.freq_base")) ?? 10000,
            maximumPositionCount: try size("context_length"),
            tiesEmbeddings: description(of: "lm_head.weight") == nil,
            pieces: family.pieces { description(of: $0) != nil },
            bosTokenID: try reading.integer("tokenizer.ggml.bos_token_id"),
            eosTokenIDs: try reading.integer("tokenizer.ggml.eos_token_id").map { [$0] } ?? [],
            paddingTokenID: try reading.integer("tokenizer.ggml.padding_token_id"))
        try configuration.validate(file: url.path)
        return configuration
    }

    private func refuseUnsupported(_ reading: GGUFMetadata, family: String, headCount: Int, hiddenSize: Int) throws {
        func refuse(_ key: String, _ value: Any, supported: String) -> CheckpointError {
            .unsupportedSetting(key: key, value: "\(value)", file: url.path, supported: supported)
        }
        if let experts = try reading.integer("\(family).expert_count"), experts > 0 {
            throw refuse("\(family).expert_count", experts, supported: "models without experts")
        }
        if let scaling = try reading.string("\(family).rope.scaling.type"), scaling != "none" {
            throw refuse("\(family).rope.scaling.type", scaling, supported: "none")
        }
        if let window = try reading.integer("\(family).attention.sliding_window"), window > 0 {
            throw refuse("\(family).attention.sliding_window", window, supported: "no window; take the Hugging Face folder")
        }
        // The converter stores the outcome of Llama 3.1's scaling, not its four numbers.
        if description(of: "rope_freqs.weight") != nil {
            throw refuse("rope_freqs.weight", "a tensor", supported: "unscaled RoPE; for Llama 3.1 take the Hugging Face folder")
        }
        guard headCount > 0 else {
            throw CheckpointError.invalid(
                file: url.path, problems: ["\(family).attention.head_count is \(headCount)"])
        }
        let headSize = try reading.integer("\(family).attention.key_length") ?? hiddenSize / headCount
        if let values = try reading.integer("\(family).attention.value_length"), values != headSize {
            throw refuse("\(family).attention.value_length", values, supported: "\(headSize), the size of the keys")
        }
        if let rotated = try reading.integer("\(family).rope.dimension_count"), rotated != headSize {
            throw refuse("\(family).rope.dimension_count", rotated, supported: "\(headSize), all of a head")
        }
    }
}
