/// Which tokens carry the loss.
public struct SelectionRecipe: Codable, Equatable, Sendable {
    /// Where the k tokens of a selection are ranked.
    public enum Pool: String, Codable, CaseIterable, Sendable {
        /// Within each block.
        case sequence
        /// Within each micro-batch.
        case microBatch
        /// Within the whole optimizer step.
        case batch
    }

    /// Who wins among equal scores.
    public enum Ties: String, Codable, CaseIterable, Sendable {
        /// The earlier position, so that a result does not depend on the device.
        case earlier
        case random
    }

    /// `all` trains on every token; `topK` on the highest scores; `random` on any; `stochastic` draws without
    /// replacement, a token's chance in proportion to its positive score.
    public var policy = "all"
    /// What a token is ranked by, in nats: `loss`, `excessLoss` (loss − reference loss) or `entropy` (of the prediction).
    public var score = "excessLoss"
    /// The share of the valid tokens to select: k = max(1, ⌊ratio · valid⌋).
    public var ratio = 0.5
    public var pool = Pool.microBatch
    /// Whose loss `excessLoss` takes away; nil (`none`) where the score needs no reference.
    public var reference: ReferenceSource?
    public var ties = Ties.earlier
    /// Scores with dropout active, as the replication did.
    public var scoreWithDropout = false

    public init() {}

    /// The policies a recipe may name.
    public static let policies = ["all", "topK", "random", "stochastic"]
    /// The scores a recipe may name.
    public static let scores = ["loss", "excessLoss", "entropy"]

    /// Whether the policy looks at scores at all.
    public var usesScore: Bool { policy != "all" && policy != "random" }
    /// Whether a second opinion on each token is needed.
    public var usesReference: Bool { usesScore && score == "excessLoss" }
}

extension SelectionRecipe.Pool: RecipeChoice {}
extension SelectionRecipe.Ties: RecipeChoice {}

extension SelectionRecipe: RecipeSection {
    mutating func visit(_ visitor: inout some RecipeVisitor) {
        visitor.value("policy", &policy, .oneOf(Self.policies))
        let unselective = policy == "all" ? "policy all trains on every token" : nil
        let unscored = usesScore ? nil : unselective ?? "policy \(policy) looks at no score"
        visitor.value("score", &score, .oneOf(Self.scores), unused: unscored)
        visitor.value("ratio", &ratio, .someFraction, unused: unselective)
        visitor.value("pool", &pool, unused: unselective)
        visitor.value(
            "reference", &reference, unused: usesReference ? nil : unscored ?? "score \(score) is taken without a reference")
        visitor.value("ties", &ties, unused: unscored)
        visitor.value("scoreWithDropout", &scoreWithDropout, unused: unscored)

        visitor.refuse(
            "reference", with: ["policy", "score"], if: usesReference && reference == nil,
            "is missing: excessLoss is a token's loss minus its loss under a reference",
            fix: "write base (the model with its adapter off), an adapter folder, or a model folder")
    }
}
