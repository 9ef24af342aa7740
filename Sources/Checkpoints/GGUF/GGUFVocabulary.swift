/// The tokenizer inside a GGUF file (`tokenizer.ggml.*`), as stored.
public struct GGUFVocabulary: Sendable, Hashable {
    /// `gpt2` (byte-level BPE) or `llama` (sentencepiece BPE with byte fallback).
    public var model: String
    /// `smollm`, `gpt-2`, `llama-bpe`, `qwen2`, … ; `nil` where the file has none.
    public var preTokenizer: String?
    public var tokens: [String]
    /// 1 normal, 2 unknown, 3 control, 4 user defined, 5 unused, 6 byte; empty where the file has none.
    public var tokenTypes: [Int32]
    /// `"left right"` pairs in order of rank; empty for `llama`.
    public var merges: [String]
    /// Log-probabilities of `llama`; empty for `gpt2`.
    public var scores: [Float]
    public var bosTokenID: Int?
    public var eosTokenID: Int?
    public var unknownTokenID: Int?
    public var paddingTokenID: Int?
    public var addsBOS: Bool
    public var addsEOS: Bool
    /// Whether text is encoded with a space before it, as sentencepiece does.
    public var addsSpacePrefix: Bool
    public var chatTemplate: String?

    public init(
        model: String, preTokenizer: String?, tokens: [String], tokenTypes: [Int32] = [], merges: [String] = [],
        scores: [Float] = [], bosTokenID: Int? = nil, eosTokenID: Int? = nil, unknownTokenID: Int? = nil,
        paddingTokenID: Int? = nil, addsBOS: Bool = false, addsEOS: Bool = false,
        addsSpacePrefix: Bool = false, chatTemplate: String? = nil
    ) {
        (self.model, self.preTokenizer, self.tokens, self.tokenTypes) = (model, preTokenizer, tokens, tokenTypes)
        (self.merges, self.scores, self.bosTokenID, self.eosTokenID) = (merges, scores, bosTokenID, eosTokenID)
        (self.unknownTokenID, self.paddingTokenID) = (unknownTokenID, paddingTokenID)
        (self.addsBOS, self.addsEOS, self.addsSpacePrefix) = (addsBOS, addsEOS, addsSpacePrefix)
        self.chatTemplate = chatTemplate
    }
}
