import TokenSelection

/// Which tokens carry the loss.
public struct SelectionRecipe: Equatable, Sendable {
    /// `all` trains on every token; `topK` on the highest scores; `random` on any; `stochastic` draws without
    /// replacement, a token's chance in proportion to its positive score.
    public var policy = "all"
    /// What a token is ranked by, in nats: `loss`, `excessLoss` (loss − reference loss) or `entropy` (of the prediction).
    public var score = "excessLoss"
    /// The share of the valid tokens to select: k = max(1, ⌊ratio · valid⌋).
    public var ratio = 0.5
    /// Where the k tokens are ranked.
    public var pool = TokenSelector.Pool.microBatch
    /// Whose loss `excessLoss` takes away; nil (`none`) where the score needs no reference.
    public var reference: ReferenceSource?
    /// The file of the reference's losses that `winnow score` wrote; nil (`none`) runs the reference as it trains.
    public var store: String?
    /// Who wins among equal scores.
    public var ties = TokenSelector.Ties.earlier
    /// Scores with dropout active, as the replication did.
    public var scoreWithDropout = false

    public init() {}

    /// Whether the policy looks at scores at all; a name that no registry knows might.
    public var usesScores: Bool { (try? SelectionPolicyRegistry.policy(named: policy).usesScores) ?? true }

    /// Whether a reference's opinion of each token is needed.
    public var usesReference: Bool {
        usesScores && (try? TokenScoreRegistry.score(named: score).needs.contains(.referenceLoss)) == true
    }
}

extension TokenSelector.Pool: RecipeChoice {}
extension TokenSelector.Ties: RecipeChoice {}

extension SelectionRecipe: RecipeSection {
    mutating func visit(_ visitor: inout some RecipeVisitor) {
        visitor.value("policy", &policy, .oneOf(SelectionPolicyRegistry.names))
        let unselective = policy == "all" ? "policy all trains on every token" : nil
        let unscored = usesScores ? nil : unselective ?? "policy \(policy) looks at no score"
        visitor.value("score", &score, .oneOf(TokenScoreRegistry.names), unused: unscored)
        visitor.value("ratio", &ratio, .someFraction, unused: unselective)
        visitor.value("pool", &pool, unused: unselective)
        visitor.value(
            "reference", &reference, unused: usesReference ? nil : unscored ?? "score \(score) is taken without a reference")
        visitor.value("store", &store, unused: usesReference ? nil : unscored ?? "score \(score) is taken without a reference")
        visitor.value("ties", &ties, unused: unscored)
        visitor.value("scoreWithDropout", &scoreWithDropout, unused: unscored)

        visitor.refuse(
            "reference", with: ["policy", "score"], if: usesReference && reference == nil,
            "is missing: \(score) compares a token's loss with its loss under a reference",
            fix: "write base (the model with its adapter off), an adapter folder, or a model folder")
    }
}
