extension GGUFFile {
    /// The tokenizer inside the file.
    ///
    /// - Throws: `CheckpointError.malformed` where the file has none, or its lists contradict each other.
    public func vocabulary() throws -> GGUFVocabulary {
        let reading = GGUFMetadata(metadata, file: url.path)
        func key(_ name: String) -> String { "tokenizer.ggml.\(name)" }
        let model = try reading.required(key("model"), reading.string(key("model")))
        let tokens = try reading.required(key("tokens"), reading.strings(key("tokens")))
        let types = try reading.integers(key("token_type")) ?? []
        let scores = try reading.floats(key("scores")) ?? []
        for (name, count) in [("token_type", types.count), ("scores", scores.count)] where count != 0 && count != tokens.count {
            throw CheckpointError.malformed(
                file: url.path, problem: "\(key(name)) has \(count) entries for \(tokens.count) tokens")
        }
        func token(_ name: String) throws -> Int? {
            guard let id = try reading.integer(key(name)) else { return nil }
            guard tokens.indices.contains(id) else {
                throw CheckpointError.malformed(file: url.path, problem: "\(key(name)) is \(id), of \(tokens.count) tokens")
            }
            return id
        }
        return GGUFVocabulary(
            model: model, preTokenizer: try reading.string(key("pre")), tokens: tokens,
            tokenTypes: types.map { Int32(clamping: $0) },
            merges: try reading.strings(key("merges")) ?? [],
            scores: scores.map { Float($0) },
            bosTokenID: try token("bos_token_id"), eosTokenID: try token("eos_token_id"),
            unknownTokenID: try token("unknown_token_id"), paddingTokenID: try token("padding_token_id"),
            // Where the file does not say, llama.cpp adds the beginning for a sentencepiece vocabulary alone.
            addsBOS: try reading.bool(key("add_bos_token")) ?? (model == "llama"),
            addsEOS: try reading.bool(key("add_eos_token")) ?? false,
            addsSpacePrefix: try reading.bool(key("add_space_prefix")) ?? (model == "llama"),
            chatTemplate: try reading.string("tokenizer.chat_template"))
    }
}
