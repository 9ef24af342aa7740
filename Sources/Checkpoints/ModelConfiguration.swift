/// A Llama-family `config.json`, in Hugging Face's words.
public struct ModelConfiguration: Codable, Sendable, Hashable {
    public var architecture = "LlamaForCausalLM"
    public var vocabularySize: Int
    public var hiddenSize: Int
    public var intermediateSize: Int
    public var layerCount: Int
    public var headCount: Int
    public var keyValueHeadCount: Int
    public var headSize: Int
    public var normEpsilon: Double
    public var ropeBase: Double
    public var maximumPositionCount: Int
    public var tiesEmbeddings: Bool
    public var bosTokenID: Int?
    public var eosTokenID: Int?
}
