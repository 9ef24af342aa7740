import RunRecords

/// How tokens moved between high and low loss from a baseline to a variant.
///
/// H is a loss at or above the threshold, L one below it. The threshold is a quantile of the *baseline's* losses and
/// serves both sides. `highToLow` tokens were H in the baseline and are L in the variant.
///
/// Movement alone is mostly churn: read it beside the net, the mean change and a null (the baseline again with
/// another data order).
public struct TokenBuckets: Sendable, Hashable {
    /// The baseline's quantile, in nats.
    public var threshold: Float
    public var highToHigh = 0
    public var highToLow = 0
    public var lowToHigh = 0
    public var lowToLow = 0
    /// Mean over tokens of variant − baseline, in nats: below zero is better.
    public var meanChange: Double

    public var total: Int { highToHigh + highToLow + lowToHigh + lowToLow }
    public var highToLowShare: Double { Double(highToLow) / Double(total) }
    public var lowToHighShare: Double { Double(lowToHigh) / Double(total) }
    /// `highToLowShare − lowToHighShare`: above zero, more tokens left the high bucket than entered it.
    public var netShare: Double { Double(highToLow - lowToHigh) / Double(total) }

    /// - Parameter quantile: which of the baseline's quantiles divides H from L; see `Analysis.quantile(_:_:)`.
    /// - Throws: an `AnalysisError` where the two are not losses of the same tokens, or one is not a number.
    public init(baseline: TokenLosses, variant: TokenLosses, quantile q: Double = 0.7) throws {
        try baseline.checkAgreement(with: variant)
        threshold = try quantile(baseline.counted, q)
        var change = 0.0
        meanChange = 0
        for index in baseline.mask.indices where baseline.mask[index] {
            switch (baseline.losses[index] >= threshold, variant.losses[index] >= threshold) {
            case (true, true): highToHigh += 1
            case (true, false): highToLow += 1
            case (false, true): lowToHigh += 1
            case (false, false): lowToLow += 1
            }
            change += Double(variant.losses[index]) - Double(baseline.losses[index])
        }
        meanChange = change / Double(total)
    }
}
