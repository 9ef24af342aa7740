import Foundation

/// The loss on one held-out split at one moment of a run.
public struct EvaluationRecord: Sendable, Equatable {
    /// Optimizer steps done before it; 0 is the start.
    public var step: Int
    /// Valid target tokens trained on before it.
    public var tokensSeen: Int
    /// The split's name, such as `noisy` or `curated`.
    public var split: String
    /// The exact token-weighted mean in nats: Σ loss / Σ tokens, never a mean of batch means.
    public var loss: Double
    /// How many tokens the mean is over.
    public var tokens: Int
    public var seconds: Double

    public var perplexity: Double { exp(loss) }

    public init(step: Int, tokensSeen: Int, split: String, loss: Double, tokens: Int, seconds: Double) {
        (self.step, self.tokensSeen, self.split) = (step, tokensSeen, split)
        (self.loss, self.tokens, self.seconds) = (loss, tokens, seconds)
    }
}

/// `perplexity` is written for other readers and computed from `loss` when read.
extension EvaluationRecord: Codable {
    enum CodingKeys: String, CodingKey {
        case step, tokensSeen, split, loss, perplexity, tokens, seconds
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            step: try values.decode(Int.self, forKey: .step), tokensSeen: try values.decode(Int.self, forKey: .tokensSeen),
            split: try values.decode(String.self, forKey: .split), loss: try values.decode(Double.self, forKey: .loss),
            tokens: try values.decode(Int.self, forKey: .tokens), seconds: try values.decode(Double.self, forKey: .seconds))
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(step, forKey: .step)
        try values.encode(tokensSeen, forKey: .tokensSeen)
        try values.encode(split, forKey: .split)
        try values.encode(loss, forKey: .loss)
        try values.encode(perplexity, forKey: .perplexity)
        try values.encode(tokens, forKey: .tokens)
        try values.encode(seconds, forKey: .seconds)
    }
}
