import Foundation
import RunRecords

/// How far a study has come, in units of one trained token.
public struct StudyProgress: Sendable, Equatable {
    public enum Stage: String, Sendable { case evaluating, scoring, training }

    /// The run at work: an arm's name, `reference/NAME`, or `start`.
    public var run = ""
    public var stage = Stage.training
    /// Units done since this process began.
    public var done = 0.0
    /// Units that were left when it began.
    public var total = 0.0
    /// Of the stage at work.
    public var tokensPerSecond = 0.0

    public init() {}

    init(total: Double) { self.total = total }
}

/// What a study has left to do.
struct Work {
    /// A forward pass beside a step that trains an adapter: 2N of 4N operations a token, and less around it.
    static let forwardShare = 0.4

    let study: Study
    let workspace: Workspace

    /// Units of the runs that are not finished.
    func units(in directory: URL) throws -> Double {
        var units = 0.0
        var references: Set<String> = []
        var startsCommon = false
        for arm in study.matrix {
            let folder = RunDirectory(directory.appendingPathComponent(arm.name))
            let manifest = try? RunManifest.read(from: folder.manifest)
            guard manifest?.state != .finished else { continue }
            let recipe = arm.recipe
            units += Double(recipe.steps * recipe.tokensPerStep)
            let evaluation = try evaluationTokens(recipe) * Self.forwardShare
            units += evaluation
            if recipe.adapter?.start != nil {
                units += evaluation
            } else if !startsCommon {
                startsCommon = true
                units += evaluation
            }
            if recipe.selection.usesReference, references.insert("\(String(describing: recipe.selection.reference))").inserted {
                units += Double(recipe.steps * recipe.tokensPerStep) * Self.forwardShare
            }
        }
        return units
    }

    private func evaluationTokens(_ recipe: Recipe) throws -> Double {
        try recipe.data.validation.values.reduce(0) { sum, source in
            let tokens = try workspace.corpus(source).requireValidation().tokenCount
            return sum + Double(min(tokens, recipe.training.evaluationTokens.count ?? .max))
        }
    }
}
