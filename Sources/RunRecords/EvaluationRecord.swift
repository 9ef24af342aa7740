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
    /// The mean of the batches' means, which weighs a short batch's tokens more: some publish it as the loss, so it is
    /// kept to be compared with theirs.
    public var batchMeanLoss: Double?
    public var seconds: Double

    public var perplexity: Double { exp(loss) }

    public init(
        step: Int, tokensSeen: Int, split: String, loss: Double, tokens: Int, batchMeanLoss: Double? = nil, seconds: Double
    ) {
        (self.step, self.tokensSeen, self.split) = (step, tokensSeen, split)
        (self.loss, self.tokens, self.batchMeanLoss, self.seconds) = (loss, tokens, batchMeanLoss, seconds)
    }
}

/// `perplexity` is written for other readers and computed from `loss` when read.
extension EvaluationRecord: Codable {
    enum CodingKeys: String, CodingKey {
        case step, tokensSeen, split, loss, perplexity, tokens, batchMeanLoss, seconds
    }

    public init(from decoder: any Decoder) throws {
        let values = try decoder.container(keyedBy: CodingKeys.self)
        self.init(
            step: try values.decode(Int.self, forKey: .step), tokensSeen: try values.decode(Int.self, forKey: .tokensSeen),
            split: try values.decode(String.self, forKey: .split), loss: try values.decode(Double.self, forKey: .loss),
            tokens: try values.decode(Int.self, forKey: .tokens),
            batchMeanLoss: try values.decodeIfPresent(Double.self, forKey: .batchMeanLoss),
            seconds: try values.decode(Double.self, forKey: .seconds))
    }

    public func encode(to encoder: any Encoder) throws {
        var values = encoder.container(keyedBy: CodingKeys.self)
        try values.encode(step, forKey: .step)
        try values.encode(tokensSeen, forKey: .tokensSeen)
        try values.encode(split, forKey: .split)
        try values.encode(loss, forKey: .loss)
        try values.encode(perplexity, forKey: .perplexity)
        try values.encode(tokens, forKey: .tokens)
        try values.encodeIfPresent(batchMeanLoss, forKey: .batchMeanLoss)
        try values.encode(seconds, forKey: .seconds)
    }
}
