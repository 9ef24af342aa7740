import TokenSelection

/// Which tokens carry the loss.
public struct SelectionRecipe: Equatable, Sendable {
    /// `all` trains on every token; `topK` on the highest scores; `random` on any; `stochastic` draws without
    /// replacement, a token's chance in proportion to its positive score; `replay` repeats what another run selected.
    public var policy = "all"
    /// What a token is ranked by: `loss`, `excessLoss` (loss − reference loss), `entropy` (of the prediction),
    /// `targetProbability` (exp(−loss)), or `selfReference` (low loss and low entropy under the reference).
    public var score = "excessLoss"
    /// The share of the valid tokens to select: k = max(1, ⌊ratio · valid⌋).
    public var ratio = 0.5
    /// Where the k tokens are ranked.
    public var pool = TokenSelector.Pool.microBatch
    /// Who `excessLoss` and `selfReference` ask; nil (`none`) where the score needs no reference.
    public var reference: ReferenceSource?
    /// The file of the reference's losses that `winnow score` wrote; nil (`none`) runs the reference as it trains.
    public var store: String?
    /// Who wins among equal scores.
    public var ties = TokenSelector.Ties.earlier
    /// Scores with dropout active, as the replication did.
    public var scoreWithDropout = false
    /// Whose selections the policy `replay` repeats; nil for any other.
    public var replay: ReplayRecipe?

    public init() {}

    static let replayPolicy = "replay"

    /// Whether another run's selections are repeated.
    public var isReplay: Bool { policy == Self.replayPolicy }

    /// Whether tokens are ranked here: neither all are taken nor another run's choice.
    public var ranks: Bool { policy != "all" && !isReplay }

    /// Whether the policy looks at scores at all; a name that no registry knows might.
    public var usesScores: Bool { !isReplay && (try? SelectionPolicyRegistry.policy(named: policy).usesScores) ?? true }

    /// Whether a reference's opinion of each token is needed.
    public var usesReference: Bool { needs(.referenceLoss) }

    /// Whether that opinion includes how undecided the reference is.
    public var usesReferenceEntropy: Bool { needs(.referenceEntropy) }

    private func needs(_ measurement: TokenMeasurements.Optional) -> Bool {
        usesScores && (try? TokenScoreRegistry.score(named: score).needs.contains(measurement)) == true
    }
}

extension TokenSelector.Pool: RecipeChoice {}
extension TokenSelector.Ties: RecipeChoice {}

extension SelectionRecipe: RecipeSection {
    mutating func visit(_ visitor: inout some RecipeVisitor) {
        visitor.value("policy", &policy, .oneOf((SelectionPolicyRegistry.names + [Self.replayPolicy]).sorted()))
        let unselective =
            policy == "all"
            ? "policy all trains on every token" : isReplay ? "policy replay trains on what another run selected" : nil
        let unscored = usesScores ? nil : unselective ?? "policy \(policy) looks at no score"
        visitor.value("score", &score, .oneOf(TokenScoreRegistry.names), unused: unscored)
        visitor.value("ratio", &ratio, .someFraction, unused: unselective)
        visitor.value("pool", &pool, unused: unselective)
        visitor.value(
            "reference", &reference, unused: usesReference ? nil : unscored ?? "score \(score) is taken without a reference")
        visitor.value("store", &store, unused: usesReference ? nil : unscored ?? "score \(score) is taken without a reference")
        visitor.value("ties", &ties, unused: unscored)
        visitor.value("scoreWithDropout", &scoreWithDropout, unused: unscored)
        visitor.section("replay", &replay, unused: isReplay ? nil : "policy \(policy) replays nothing")

        visitor.refuse(
            "reference", with: ["policy", "score"], if: usesReference && reference == nil,
            "is missing: \(score) asks a reference about each token",
            fix: "write base (the model with its adapter off), an adapter folder, or a model folder")
        visitor.refuse(
            "replay", with: ["policy"], if: isReplay && replay == nil, "is missing: there is nothing to replay",
            fix: "write replay: {from: RUN-FOLDER, as: recorded}")
        let known = try? TokenScoreRegistry.score(named: score)
        visitor.refuse(
            "score", with: ["policy"], if: policy == "stochastic" && known?.canBePositive == false,
            "is \(score), which is never more than 0, and stochastic draws in proportion to the score where it is more than 0",
            fix: "write policy: topK, or another score")
    }
}
