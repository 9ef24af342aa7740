import Foundation
import Training

/// How fast this machine trains a study's runs.
public struct StudySpeed: Codable, Sendable, Equatable {
    /// Positions fed in training, and in a forward pass, a second.
    public var trainedTokensPerSecond: Double
    public var forwardTokensPerSecond: Double

    /// - Parameter rate: trained positions a second; a forward pass is taken for 2.5 times as fast.
    public init(rate: Double) {
        (trainedTokensPerSecond, forwardTokensPerSecond) = (rate, rate / StudyPlan.forwardShare)
    }

    /// Trains the baseline for a few steps, after a first one that warms up, and drops what was learned. Nothing is written.
    public init(measuring study: Study, workspace: Workspace, steps: Int = 3) throws {
        var recipe = study.arms.first { $0.name == study.baseline }!.recipe
        recipe.adapter?.start = nil
        recipe.training.accumulation = 1
        recipe.training.probeBlocks = 0
        recipe = recipe.training(forSteps: recipe.training.schedule.warmupSteps + steps + 1)
        let run = try Run(recipe, in: workspace)
        _ = try run.trainer.advance()
        trainedTokensPerSecond = try Self.rate(steps * recipe.tokensPerStep) {
            for _ in 0..<steps { _ = try run.trainer.advance() }
        }
        let reference = LiveReference(run.loaded.model)
        let batch = run.trainingBlocks.batch(Array(0..<min(8, run.trainingBlocks.count)))
        _ = try reference.losses(of: batch)
        forwardTokensPerSecond = try Self.rate(steps * batch.inputIDs.count) {
            for _ in 0..<steps { _ = try reference.losses(of: batch) }
        }
    }

    private static func rate(_ tokens: Int, _ work: () throws -> Void) rethrows -> Double {
        let began = ContinuousClock.now
        try work()
        return Double(tokens) / ((ContinuousClock.now - began) / .seconds(1))
    }

    /// Seconds that a run takes, without loading and checkpoints.
    public func seconds(of run: StudyPlan.Run) -> Double {
        Double(run.tokens + run.probeTokens) / trainedTokensPerSecond
            + Double(run.evaluationTokens + run.scoringTokens) / forwardTokensPerSecond
    }

    /// Seconds that all that is left takes.
    public func seconds(of plan: StudyPlan) -> Double {
        plan.unfinished.reduce(Double(plan.groundTruthTokens) / forwardTokensPerSecond) { $0 + seconds(of: $1) }
    }
}
