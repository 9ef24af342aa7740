import Checkpoints
import Foundation

/// What a tokenizer is made of, in Hugging Face's formats, whatever file it came from.
struct TokenizerDefinition: Sendable {
    /// The file that errors name.
    var file: String
    var tokenizerJSON: Data
    /// `tokenizer_config.json`, which says which token begins and ends a text.
    var configurationJSON: Data
    var bosToken: String?
    var eosToken: String?

    /// Reads `tokenizer.json` and, where there is one, the `tokenizer_config.json` beside it.
    init(tokenizerJSON url: URL) throws {
        let companion = url.deletingLastPathComponent().appendingPathComponent("tokenizer_config.json")
        let hasCompanion = FileManager.default.fileExists(atPath: companion.path)
        try self.init(
            tokenizerJSON: Self.contents(of: url), configurationJSON: hasCompanion ? Self.contents(of: companion) : nil, at: url)
    }

    /// The two files' contents; `url` names them in errors.
    init(tokenizerJSON: Data, configurationJSON companion: Data?, at url: URL) throws {
        file = url.path
        self.tokenizerJSON = tokenizerJSON
        if let companion {
            configurationJSON = companion
            let file = url.deletingLastPathComponent().appendingPathComponent("tokenizer_config.json").path
            let root = JSONNode(value: try JSONValue(parsing: companion, file: file), file: file, path: "")
            bosToken = try Self.specialToken(root.member("bos_token"))
            eosToken = try Self.specialToken(root.member("eos_token"))
        } else {
            configurationJSON = TokenizerConfiguration().json
        }
    }

    init(file: String, tokenizerJSON: Data, configuration: TokenizerConfiguration) {
        (self.file, self.tokenizerJSON, configurationJSON) = (file, tokenizerJSON, configuration.json)
        (bosToken, eosToken) = (configuration.bosToken, configuration.eosToken)
    }

    private static func contents(of url: URL) throws -> Data {
        do {
            return try MappedFile(url).withBytes { Data($0) }
        } catch {
            throw TokenizerError.unreadable(file: url.path, reason: "\(error)")
        }
    }

    /// A token written as a string, or as an object that holds its `content`.
    private static func specialToken(_ node: JSONNode?) throws -> String? {
        try node.map { try ($0.member("content") ?? $0).string() }
    }
}

/// A `tokenizer_config.json` with which `AutoTokenizer` loads the `tokenizer.json` beside it.
struct TokenizerConfiguration {
    var bosToken: String?
    var eosToken: String?
    var unknownToken: String?
    var paddingToken: String?
    var chatTemplate: String?

    var json: Data {
        let optional: [(String, String?)] = [
            ("bos_token", bosToken), ("eos_token", eosToken), ("unk_token", unknownToken), ("pad_token", paddingToken),
            ("chat_template", chatTemplate),
        ]
        var members: [(key: String, value: JSONValue)] = [
            ("tokenizer_class", .string("PreTrainedTokenizerFast")),
            // What a Llama model takes; the class's default adds token_type_ids.
            ("model_input_names", .array([.string("input_ids"), .string("attention_mask")])),
            ("clean_up_tokenization_spaces", .bool(false)),
        ]
        members += optional.compactMap { key, value in value.map { (key, .string($0)) } }
        return Data(JSONValue.object(members).serialized())
    }
}
