import Foundation
import RunRecords

/// The loss and perplexity of a set of token losses.
public struct LossSummary: Sendable, Hashable {
    /// Token-weighted mean in nats, summed in float64.
    public var loss: Double
    public var tokens: Int
    /// The exponential of the mean loss.
    public var perplexity: Double { exp(loss) }

    public init(_ losses: TokenLosses) throws {
        var sum = 0.0
        tokens = 0
        for index in losses.mask.indices where losses.mask[index] {
            sum += Double(losses.losses[index])
            tokens += 1
        }
        guard tokens > 0 else { throw AnalysisError.nothingCounts("token losses") }
        loss = sum / Double(tokens)
    }
}
