import Foundation
import RunRecords

/// How long a run trains that is to equal another arm in tokens, in selected tokens or in time.
struct MatchedBudget {
    let study: Study
    /// The study's.
    let directory: URL

    /// The recipe with the tokens that match what the other arm turned out to have cost.
    ///
    /// A run that has begun keeps what it began with, so that it can be resumed. One that isn't matched has its own tokens.
    /// - Throws: `StudyError.matchedTooShort`; what reading the other runs' manifests throws.
    func recipe(of run: StudyRun) throws -> Recipe {
        guard let matching = run.matching else { return run.recipe }
        let own = RunDirectory(directory.appendingPathComponent(run.name))
        if FileManager.default.fileExists(atPath: own.manifest.path),
            let text = try? String(contentsOf: own.recipe, encoding: .utf8),
            let begun = try? Recipe(recorded: text)
        {
            return run.recipe.training(forSteps: begun.steps)
        }
        let seed = run.recipe.training.seed
        let other = study.run(.arm(matching.arm), seed: seed)
        let manifest = try manifest(of: other)
        let cost: Double
        switch matching.by {
        case .tokens: cost = Double(manifest.tokensSeen) / Double(run.recipe.targetsPerStep)
        case .selectedTokens: cost = Double(manifest.selectedTokensSeen) / Double(run.recipe.targetsPerStep)
        case .seconds:
            let baseline = try self.manifest(of: study.run(.arm(study.baseline), seed: seed))
            let charged = try manifest.trainingSeconds + ReferenceCharge(of: other, in: study, directory: directory).seconds
            let targetsPerSecond = Double(baseline.tokensSeen) / baseline.trainingSeconds
            cost = charged * targetsPerSecond / Double(run.recipe.targetsPerStep)
        }
        return try recipe(of: run, steps: matching.factor * cost)
    }

    /// The same before anything has been trained: what is to be expected.
    func expectedRecipe(of run: StudyRun) -> Recipe {
        guard let matching = run.matching else { return run.recipe }
        let other = study.run(.arm(matching.arm), seed: run.recipe.training.seed)
        let planned = expectedRecipe(of: other)
        var targets = Double(planned.steps * planned.targetsPerStep)
        switch matching.by {
        case .tokens: break
        case .selectedTokens: targets *= planned.selection.policy == "all" ? 1 : planned.selection.ratio
        case .seconds:
            guard planned.selection.usesReference else { break }
            targets *= 1 + StudyPlan.forwardShare
            if case .trained(let name) = planned.selection.reference {
                let reference = study.run(.reference(name), seed: 0).recipe
                targets += Double(reference.steps * reference.targetsPerStep)
            }
        }
        return run.recipe.training(
            forSteps: max(1, Int((matching.factor * targets / Double(run.recipe.targetsPerStep)).rounded())))
    }

    private func recipe(of run: StudyRun, steps: Double) throws -> Recipe {
        let recipe = run.recipe.training(forSteps: max(1, Int(min(steps, 1e12).rounded())))
        guard recipe.steps > recipe.training.schedule.warmupSteps else {
            throw StudyError.matchedTooShort(
                arm: run.name, steps: recipe.steps, warmup: recipe.training.schedule.warmupSteps, other: run.matching!.arm)
        }
        return recipe
    }

    private func manifest(of run: StudyRun) throws -> RunManifest {
        try RunManifest.read(from: RunDirectory(directory.appendingPathComponent(run.name)).manifest)
    }
}

extension Recipe {
    /// Tokens of a step that something predicts: each block's first is given.
    var targetsPerStep: Int { tokensPerStep / data.blockLength * (data.blockLength - 1) }

    func training(forSteps steps: Int) -> Recipe {
        var recipe = self
        recipe.training.tokens = steps * tokensPerStep
        return recipe
    }
}

/// Why a study can't go on.
public enum StudyError: Error, Equatable, CustomStringConvertible {
    case matchedTooShort(arm: String, steps: Int, warmup: Int, other: String)

    public var description: String {
        switch self {
        case .matchedTooShort(let arm, let steps, let warmup, let other):
            "\(arm) would train \(steps) steps to match \(other), and training.schedule.warmupSteps is \(warmup): "
                + "warm up for fewer steps, or train \(other) on more tokens"
        }
    }
}
