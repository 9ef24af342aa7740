/// A sentence that somebody published, and the measure that decides whether it holds in a study.
///
/// The measure and its region are written down before the runs; a verdict compares an interval with the region.
public struct Claim: Codable, Sendable, Equatable {
    /// What is measured. Differences and ratios are `arm` against `control`.
    public enum Measure: String, Codable, Sendable, CaseIterable {
        /// Mean loss of `arm` minus that of `control` on `split`, in nats.
        case lossDifference
        /// exp(lossDifference).
        case perplexityRatio
        /// lossDifference over the held-out tokens that the arm's reference would select at the arm's ratio.
        case selectedLossDifference
        /// lossDifference over the others.
        case unselectedLossDifference
        /// Share of tokens H→L of `arm` minus that of `control`, both against the baseline.
        case highToLowDifference
        case lowToHighDifference
        /// Cosine of ΔW between `arm` and the baseline, minus that between `control` and the baseline.
        case effectiveCosineDifference
        /// AUROC on corrupted text of the score `arm`, minus that of the score `control`; `split` names the test.
        case aurocDifference
    }

    /// Unique and stable: `seed-1`, `rho1-selected-falls`.
    public var id: String
    /// Who says so, and where.
    public var source: String
    /// The sentence.
    public var says: String
    public var measure: Measure
    public var arm: String
    public var control: String
    public var split: String
    /// The claim holds where the measure lies above `lower` (if there is one) and below `upper` (if there is one).
    public var lower: Double?
    public var upper: Double?

    public init(
        id: String, source: String, says: String, measure: Measure, arm: String, control: String, split: String,
        lower: Double? = nil, upper: Double? = nil
    ) {
        (self.id, self.source, self.says, self.measure) = (id, source, says, measure)
        (self.arm, self.control, self.split, self.lower, self.upper) = (arm, control, split, lower, upper)
    }
}

/// A departure from good practice that a study makes on purpose.
public struct Quirk: Codable, Sendable, Equatable {
    /// The recipe's key and value: `selection.scoreWithDropout: true`.
    public var setting: String
    /// What it does, and what one would do instead.
    public var why: String

    public init(setting: String, why: String) { (self.setting, self.why) = (setting, why) }
}
