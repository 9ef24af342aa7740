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
        let size = UInt64(sums.count)
        var means = [Double](repeating: 0, count: resamples)
        for resample in 0..<resamples {
            let generator = CounterGenerator(seed: seed, stream: UInt64(resample))
            var (sum, count) = (0.0, 0.0)
            func draw(_ word: UInt64) {
                // Scaling a 64-bit word to [0, size) is biased by at most size / 2⁶⁴.
                let block = Int(word.multipliedFullWidth(by: size).high)
                sum += sums[block]
                count += counts[block]
            }
            for counter in 0..<size / 4 {
                let words = generator.block(counter)
                draw(words.0)
                draw(words.1)
                draw(words.2)
                draw(words.3)
            }
            let rest = generator.block(size / 4)
            for word in [rest.0, rest.1, rest.2].prefix(Int(size % 4)) { draw(word) }
            means[resample] = sum / count
        }
        means.sort()
        let tail = (1 - confidence) / 2
        difference = sums.reduce(0, +) / counts.reduce(0, +)
        lowerBound = Self.percentile(means, tail)
        upperBound = Self.percentile(means, 1 - tail)
        self.confidence = confidence
        blocks = sums.count
        tokens = Int(counts.reduce(0, +))
    }

    private static func percentile(_ sorted: [Double], _ q: Double) -> Double {
        let rank = q * Double(sorted.count - 1)
        let below = Int(rank)
        let above = min(below + 1, sorted.count - 1)
        return sorted[below] + (rank - Double(below)) * (sorted[above] - sorted[below])
    }
}
