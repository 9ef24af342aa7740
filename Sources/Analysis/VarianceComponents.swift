import Foundation

/// Where a difference's uncertainty comes from: which runs were trained, and which text was held out.
public struct VarianceComponents: Sendable, Hashable {
    /// Variance of the difference between one pair of runs and another pair's, on this text; `nil` where there is one pair.
    public var seedVariance: Double?
    /// Variance, from block to block, of the difference that training makes on average.
    public var blockVariance: Double
    /// Pairs of runs.
    public var seeds: Int
    public var blocks: Int
    public var tokens: Int

    public init(seedVariance: Double?, blockVariance: Double, seeds: Int, blocks: Int, tokens: Int) {
        (self.seedVariance, self.blockVariance) = (seedVariance, blockVariance)
        (self.seeds, self.blocks, self.tokens) = (seeds, blocks, tokens)
    }

    /// Half the width of an interval from so many seeds and blocks.
    ///
    /// h² = t²(S−1) · seedVariance/S + t²(B−1) · blockVariance/B. Each source of variance gets the t of its own degrees of
    /// freedom (Banerjee, *Sankhyā* 22, 1960): such an interval covers at least as often as it says whatever the ratio of the
    /// two. Satterthwaite's single t doesn't: where two or three seeds happen to agree it takes them at their word.
    public func halfWidth(seeds: Int, blocks: Int, confidence: Double = 0.95) -> Double {
        func part(_ variance: Double, _ count: Int) -> Double {
            guard variance > 0 else { return 0 }
            let t = StudentT.quantile(0.5 + confidence / 2, degreesOfFreedom: count - 1)
            return t * t * variance / Double(count)
        }
        let training = seedVariance.map { part($0, seeds) } ?? 0
        return (training + part(blockVariance, blocks)).squareRoot()
    }

    /// What it would take for the interval to end short of a bound `gap` away from the estimate, if the estimate and the
    /// variances stayed as they are. They won't quite: at this budget the chance to decide is about one half.
    public func budget(toClear gap: Double, confidence: Double = 0.95) -> BudgetHint {
        guard seedVariance != nil else { return .moreSeedsFirst }
        guard gap > 0 else { return .outOfReach }
        let most = BudgetHint.mostSeeds
        // The text may take half of the allowed variance; the seeds get the rest.
        let t = StudentT.quantile(0.5 + confidence / 2, degreesOfFreedom: max(1, blocks - 1))
        let wanted = (2 * t * t * blockVariance / (gap * gap)).rounded(.up)
        guard wanted < 1e9 else { return .outOfReach }
        let blocks = max(self.blocks, Int(wanted))
        func decides(_ seeds: Int) -> Bool { halfWidth(seeds: seeds, blocks: blocks, confidence: confidence) < gap }
        guard decides(most) else { return .outOfReach }
        var (low, high) = (max(1, seeds - 1), most)
        while high - low > 1 {
            let middle = (low + high) / 2
            if decides(middle) { high = middle } else { low = middle }
        }
        let tokens = Double(tokens) * Double(blocks) / Double(self.blocks)
        return .budget(seeds: high, heldOutTokens: Int(tokens.rounded(.up)))
    }
}

/// What would decide an undecided claim at the effect that was observed.
public enum BudgetHint: Sendable, Hashable {
    /// So many seeds in each arm, and so many held-out tokens (as many as there are, where the text is not what limits).
    case budget(seeds: Int, heldOutTokens: Int)
    /// How far training scatters has not been measured: there is one seed. Three tell a first time.
    case moreSeedsFirst
    /// More than `mostSeeds` seeds: at this size the effect is not worth it.
    case outOfReach

    /// Where the search ends.
    public static let mostSeeds = 1000
}
