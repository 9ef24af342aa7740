import Foundation
import RunRecords

/// The loss and perplexity of a set of token losses.
public struct LossSummary: Sendable, Hashable {
    /// Token-weighted mean in nats, summed in float64.
    public var loss: Double
    public var tokens: Int
    /// The exponential of the mean loss.
    public var perplexity: Double { exp(loss) }

    /// - Parameter subset: `[rows, positions]`: which of the tokens that count to average over; `nil` for all.
    public init(_ losses: TokenLosses, over subset: [Bool]? = nil) throws {
        if let subset, subset.count != losses.mask.count {
            throw AnalysisError.wrongCount(what: "the subset of tokens", found: subset.count, expected: losses.mask.count)
        }
        var sum = 0.0
        tokens = 0
        for index in losses.mask.indices where losses.mask[index] && subset?[index] ?? true {
            sum += Double(losses.losses[index])
            tokens += 1
        }
        guard tokens > 0 else { throw AnalysisError.nothingCounts("token losses") }
        loss = sum / Double(tokens)
    }
}
