/// What a decoder does that plain Llama doesn't: the pieces that its family has, and those that its `config.json` asks for.
public struct LayerPieces: Sendable, Hashable {
    /// The projections of attention that carry a bias.
    public enum AttentionBias: Sendable, Hashable {
        case none
        /// Queries, keys and values, not the output.
        case queryKeyValue
        case all
    }

    /// The function of the feed-forward layer's gate, by transformers' name.
    public enum Activation: String, Sendable, Hashable, Codable {
        case silu
        /// The approximation of GELU by a hyperbolic tangent.
        case geluTanh = "gelu_pytorch_tanh"
    }

    public var attentionBias: AttentionBias
    /// Whether every query and key head goes through a norm before it is turned.
    public var normalizesHeads: Bool
    /// How far back some layers look; `nil` where all see everything.
    public var window: SlidingWindow?
    public var activation: Activation
    /// Whether norms multiply by 1 + weight, and not by the weight.
    public var normsAddOne: Bool
    /// Whether embeddings are multiplied by √width.
    public var scalesEmbeddings: Bool

    public init(
        attentionBias: AttentionBias = .none, normalizesHeads: Bool = false, window: SlidingWindow? = nil,
        activation: Activation = .silu, normsAddOne: Bool = false, scalesEmbeddings: Bool = false
    ) {
        (self.attentionBias, self.normalizesHeads, self.window) = (attentionBias, normalizesHeads, window)
        (self.activation, self.normsAddOne, self.scalesEmbeddings) = (activation, normsAddOne, scalesEmbeddings)
    }
}
