import Foundation
import RunRecords

/// What a study has left to do.
struct Work {
    /// A forward pass beside a step that trains an adapter: 2N of 4N operations a token, and less around it.
    static let forwardShare = 0.4

    let study: Study
    let workspace: Workspace

    /// Units of the runs that are not finished.
    func units(in directory: URL) throws -> Double {
        var units = 0.0
        var scored: Set<String> = []
        var isStartMeasured = false
        let budget = MatchedBudget(study: study, directory: directory)
        for run in study.matrix {
            let folder = RunDirectory(directory.appendingPathComponent(run.name))
            let manifest = try? RunManifest.read(from: folder.manifest)
            guard manifest?.state != .finished else { continue }
            let recipe = budget.expectedRecipe(of: run)
            let tokens = Double(recipe.steps * recipe.tokensPerStep)
            let evaluation = try evaluationTokens(recipe) * Self.forwardShare
            units += tokens + evaluation
            if case .folder = recipe.adapter?.start { units += evaluation }
            if !isStartMeasured {
                isStartMeasured = true
                units += evaluation
            }
            // Runs of a seed see the same blocks; those of other seeds see others, as long as an epoch isn't over.
            let reference = "\(String(describing: recipe.selection.reference)) \(recipe.training.seed)"
            if recipe.selection.usesReference, scored.insert(reference).inserted { units += tokens * Self.forwardShare }
        }
        return units
    }

    func evaluationTokens(_ recipe: Recipe) throws -> Double {
        try recipe.data.validation.values.reduce(0) { sum, source in
            let tokens = try workspace.corpus(source).requireValidation().tokenCount
            return sum + Double(min(tokens, recipe.training.evaluationTokens.count ?? .max))
        }
    }
}
