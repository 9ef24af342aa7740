import RunRecords

/// How many tokens an arm moved between high and low loss, over all its seeds, and how many chance moves.
///
/// Each run is compared with the baseline of its own seed (see `TokenBuckets`). The null compares the baseline of that seed with
/// runs of the same configuration under other seeds: two models that differ by chance alone move a few percent of the
/// tokens both ways.
public struct BucketMovement: Sendable, Hashable {
    /// A share of the tokens, as a number from 0 to 1 (`net`: −1 to 1).
    public struct Share: Sendable, Hashable {
        /// Of the arm against the baseline.
        public var arm: PairedDifference
        /// Every pair of the null; `nil` where there is none.
        public var null: SeedSummary?
        /// Of the arm less that of the null; `nil` where there is no null. Below zero, the arm moves fewer tokens than another
        /// data order does.
        public var beyondNull: PairedDifference?
    }

    public var highToLow: Share
    public var lowToHigh: Share
    /// `highToLow − lowToHigh`.
    public var net: Share

    /// - Parameters:
    ///   - baseline: one run a seed. Two of them with different seeds are a pair of the null.
    ///   - others: more runs of the baseline's configuration, such as a null arm's.
    ///   - quantile: of the baseline run's losses: what divides high from low.
    /// - Throws: an `AnalysisError` where no seed is common to both arms or runs are not of the same tokens.
    public init(
        baseline: [SeededLosses], variant: [SeededLosses], others: [TokenLosses] = [], quantile: Double = 0.7
    ) throws {
        let pairs = try baseline.compactMap { run in
            try variant.first { $0.seed == run.seed }.map { partner in
                let others = baseline.filter { $0.seed != run.seed }.map(\.losses) + others
                return try BucketPair(
                    baseline: run.losses, variant: partner.losses, others: others, quantile: quantile)
            }
        }
        guard !pairs.isEmpty else { throw AnalysisError.nothingCounts("two arms without a common seed") }
        highToLow = try Share(pairs) { $0 && !$1 ? 1 : 0 }
        lowToHigh = try Share(pairs) { !$0 && $1 ? 1 : 0 }
        net = try Share(pairs) { $0 == $1 ? 0 : $0 ? 1 : -1 }
    }
}

/// One seed's runs, each token high or low by the threshold of that seed's baseline.
private struct BucketPair {
    let layout: TokenLosses
    let baseline: [Bool]
    let variant: [Bool]
    let others: [[Bool]]

    init(baseline: TokenLosses, variant: TokenLosses, others: [TokenLosses], quantile q: Double) throws {
        for run in [variant] + others { try baseline.checkAgreement(with: run) }
        let threshold = try quantile(baseline.counted, q)
        func high(_ run: TokenLosses) -> [Bool] { run.losses.map { $0 >= threshold } }
        layout = baseline
        (self.baseline, self.variant, self.others) = (high(baseline), high(variant), others.map(high))
    }
}

extension BucketMovement.Share {
    /// - Parameter moved: high before, high after → what the token counts.
    fileprivate init(_ pairs: [BucketPair], moved: (Bool, Bool) -> Float) throws {
        func movement(_ pair: BucketPair, to after: [Bool]) -> TokenLosses {
            var result = pair.layout
            result.losses = zip(pair.baseline, after).map(moved)
            return result
        }
        let arms = pairs.map { movement($0, to: $0.variant) }
        arm = try PairedDifference(differences: arms)
        let nulls = pairs.map { pair in pair.others.map { movement(pair, to: $0) } }
        // Where there is a null, every seed has one: what is another run to one seed is a baseline or a null arm to all.
        guard nulls.allSatisfy({ !$0.isEmpty }) else { return }
        null = try SeedSummary(try nulls.joined().map { try LossSummary($0).loss })
        beyondNull = try PairedDifference(
            differences: zip(arms, nulls).map { arm, nulls in
                var excess = arm
                excess.losses = arm.losses.indices.map { index in
                    arm.losses[index] - nulls.reduce(0) { $0 + $1.losses[index] } / Float(nulls.count)
                }
                return excess
            })
    }
}
