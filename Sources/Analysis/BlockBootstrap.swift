import Foundation
import RunRecords

/// A difference of two models' mean loss with an interval from a paired bootstrap over blocks.
///
/// Tokens of one block share their context, so blocks are drawn, not tokens; both models are scored on the same draw, so
/// what makes a block hard for both cancels. The interval covers the choice of held-out text. It doesn't cover the
/// randomness of training: a difference of a few thousandths of a nat needs several seeds, whatever this says.
public struct BlockBootstrap: Sendable, Hashable {
    /// Variant − baseline over all tokens, in nats.
    public var difference: Double
    /// The percentile interval.
    public var lowerBound: Double
    public var upperBound: Double
    public var confidence: Double
    public var blocks: Int
    public var tokens: Int

    /// Whether the interval leaves zero out.
    public var excludesZero: Bool { lowerBound > 0 || upperBound < 0 }

    /// Rows are the blocks. A row whose mask is empty is left out.
    ///
    /// - Parameters:
    ///   - resamples: draws of as many blocks as there are, with replacement.
    ///   - seed: the interval is a function of the losses and this.
    public init(
        baseline: TokenLosses, variant: TokenLosses, confidence: Double = 0.95, resamples: Int = 10_000, seed: UInt64 = 0
    ) throws {
        try baseline.checkAgreement(with: variant)
        var sums: [Double] = []
        var counts: [Double] = []
        for row in 0..<baseline.rows {
            var (sum, count) = (0.0, 0.0)
            for index in row * baseline.positions..<(row + 1) * baseline.positions where baseline.mask[index] {
                sum += Double(variant.losses[index]) - Double(baseline.losses[index])
                count += 1
            }
            guard count > 0 else { continue }
            sums.append(sum)
            counts.append(count)
        }
        try self.init(sums: sums, counts: counts, confidence: confidence, resamples: resamples, seed: seed)
    }

    /// From each block's sum of differences and its number of tokens.
    init(sums: [Double], counts: [Double], confidence: Double, resamples: Int, seed: UInt64) throws {
        precondition(sums.count == counts.count && resamples > 0 && (0..<1).contains(confidence))
        guard sums.count > 1 else { throw AnalysisError.tooFewBlocks(sums.count) }
        let means = (0..<resamples).map { resample in
            var (sum, count) = (0.0, 0.0)
            BlockDraw(seed: seed, resample: resample, blocks: sums.count).forEach {
                sum += sums[$0]
                count += counts[$0]
            }
            return sum / count
        }
        difference = sums.reduce(0, +) / counts.reduce(0, +)
        (lowerBound, upperBound) = try percentileInterval(of: means, confidence)
        self.confidence = confidence
        blocks = sums.count
        tokens = Int(counts.reduce(0, +))
    }
}
