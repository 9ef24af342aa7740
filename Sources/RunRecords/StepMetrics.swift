/// What one optimizer step did: one line of `metrics.jsonl`.
///
/// Losses are token-weighted means in nats over the step's whole accumulation window.
public struct StepMetrics: Codable, Sendable, Equatable {
    /// Optimizer steps done, this one included: the first is 1.
    public var step: Int
    /// Valid target tokens since the run began, this step included: the abscissa of every loss curve.
    public var tokensSeen: Int
    /// Of those, the ones that carried the loss.
    public var selectedTokensSeen: Int
    /// Valid target tokens in this step.
    public var validTokens: Int
    /// Of those, the ones that carried the loss.
    public var selectedTokens: Int
    /// Over the step's valid tokens, selected or not, so that arms compare.
    public var loss: Double
    /// Over the selected tokens: what was minimized.
    public var selectedLoss: Double
    /// Global L2 norm before clipping.
    public var gradientNorm: Double
    public var learningRate: Double
    /// Valid tokens with a positive weight, where the policy weighs them; `nil` where every token is a candidate.
    public var candidates: Int?
    /// Selected tokens that were drawn because there were fewer candidates than places.
    public var filledAtRandom: Int
    /// Every score in some pool of this step was the same, so that scores decided nothing.
    public var tied: Bool
    /// How many of the selected tokens stood in each tenth of their pool by score, the lowest tenth first; `nil` where nothing
    /// is scored.
    public var selectedByScoreDecile: [Int]?
    /// Why no optimizer step was taken; `nil` where one was. Nothing then counts as selected, and what is unknown is NaN.
    public var skipped: SkippedStep?
    /// By how many standard deviations the loss stands above the steps before; `nil` where it doesn't stand out.
    public var lossSpike: Double?
    /// Wall time of this step, without evaluation and checkpoints.
    public var seconds: Double

    /// Trained-on tokens a second: valid ones, since those are what passes through the model.
    public var tokensPerSecond: Double { seconds > 0 ? Double(validTokens) / seconds : 0 }

    /// Mean over the valid tokens that were not selected; `nil` where all were.
    public var unselectedLoss: Double? {
        guard selectedTokens < validTokens else { return nil }
        let rest = loss * Double(validTokens) - selectedLoss * Double(selectedTokens)
        return rest / Double(validTokens - selectedTokens)
    }

    public init(
        step: Int, tokensSeen: Int, selectedTokensSeen: Int, validTokens: Int, selectedTokens: Int, loss: Double,
        selectedLoss: Double, gradientNorm: Double, learningRate: Double, candidates: Int? = nil, filledAtRandom: Int = 0,
        tied: Bool = false, selectedByScoreDecile: [Int]? = nil,
        skipped: SkippedStep? = nil, lossSpike: Double? = nil, seconds: Double
    ) {
        (self.step, self.tokensSeen, self.selectedTokensSeen) = (step, tokensSeen, selectedTokensSeen)
        (self.validTokens, self.selectedTokens) = (validTokens, selectedTokens)
        (self.loss, self.selectedLoss, self.gradientNorm) = (loss, selectedLoss, gradientNorm)
        (self.learningRate, self.candidates, self.filledAtRandom) = (learningRate, candidates, filledAtRandom)
        (self.tied, self.selectedByScoreDecile, self.skipped) = (tied, selectedByScoreDecile, skipped)
        (self.lossSpike, self.seconds) = (lossSpike, seconds)
    }
}
