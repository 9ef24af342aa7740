import Foundation
import RunRecords

/// A study's matrix and what it takes: tokens, operations, disk, and with a `StudySpeed` time. Making one writes nothing.
///
/// Operations of a token, with N the weights of the linear layers and the head, and A those of the adapter: 2N + 2A forward,
/// 4N + 6A to train an adapter (the frozen weights need no gradient of their own), 6N to train all weights. Attention's own
/// products and the saving on unselected tokens are left out: together some percent at blocks of 128.
public struct StudyPlan: Codable, Sendable, Equatable {
    /// A training run.
    public struct Run: Codable, Sendable, Equatable {
        /// Its folder within the study's.
        public var name: String
        public var seed: Int
        /// `topK 0.6 of excessLoss, reference/curated`
        public var selection: String
        /// Optimizer steps; of an arm that is matched to another and hasn't begun, what is to be expected.
        public var steps: Int
        public var isExpected: Bool
        /// Whether an earlier process has finished it: it is not run again.
        public var isFinished: Bool
        /// Positions fed in training.
        public var tokens: Int
        /// Positions of gradient probes, forward and backward.
        public var probeTokens: Int
        /// Positions of held-out text in its evaluations, and of the start's where this run comes first.
        public var evaluationTokens: Int
        /// Positions that its reference has to score, and that no run before has had scored.
        public var scoringTokens: Int
        /// Floating-point operations of all these.
        public var operations: Double
        /// Bytes on disk at the end.
        public var bytes: Int

        /// The work in units of one trained token.
        var units: Double {
            Double(tokens + probeTokens) + Double(evaluationTokens + scoringTokens) * StudyPlan.forwardShare
        }
    }

    /// A forward pass beside a step that trains an adapter: 2N of 4N operations a token, and less around it.
    static let forwardShare = 0.4

    public var runs: [Run]
    /// Positions of the ground truth's texts under all models.
    public var groundTruthTokens: Int

    /// The runs that are left.
    public var unfinished: [Run] { runs.filter { !$0.isFinished } }

    /// What is left, in units of one trained token.
    public var units: Double { unfinished.reduce(Double(groundTruthTokens) * Self.forwardShare) { $0 + $1.units } }

    /// - Parameter directory: the study's, where runs may be finished already.
    /// - Throws: what opening the model and the corpora throws.
    public init(_ study: Study, in directory: URL, workspace: Workspace) throws {
        var planner = StudyPlanner(study: study, directory: directory, workspace: workspace)
        runs = try study.matrix.map { try planner.plan($0) }
        groundTruthTokens = GroundTruthRunner(study, in: directory, workspace: workspace)?.tokensLeft ?? 0
    }
}

/// Reckons run after run, in the order of training: what a run has measured or scored needn't be done again.
private struct StudyPlanner {
    let study: Study
    let directory: URL
    let workspace: Workspace
    private var isStartMeasured = false
    private var scored: Set<String> = []

    init(study: Study, directory: URL, workspace: Workspace) {
        (self.study, self.directory, self.workspace) = (study, directory, workspace)
    }

    mutating func plan(_ run: StudyRun) throws -> StudyPlan.Run {
        let folder = RunDirectory(directory.appendingPathComponent(run.name))
        let manifest = try? RunManifest.read(from: folder.manifest)
        let budget = MatchedBudget(study: study, directory: directory)
        let recipe = manifest == nil ? budget.expectedRecipe(of: run) : try budget.recipe(of: run)
        let selection = recipe.selection
        let steps = recipe.steps
        let tokens = steps * recipe.tokensPerStep
        let evaluation = try evaluationTokens(recipe)

        let between = recipe.training.evaluateEvery > 0 ? (steps - 1) / recipe.training.evaluateEvery : 0
        var evaluations = 1 + between
        if case .folder = recipe.adapter?.start { evaluations += 1 }
        if !isStartMeasured {
            isStartMeasured = true
            evaluations += 1
        }
        // Runs of a seed on one text see the same blocks; those of other seeds see others, as long as an epoch isn't over.
        // Mixtures that differ in their shares alone see some blocks in common, which are reckoned twice.
        let reference =
            "\(String(describing: selection.reference)) \(recipe.data.train) \(recipe.training.seed) "
            + "\(selection.usesReferenceEntropy) \(recipe.compute.referencePrecision)"
        let scores = selection.usesReference && selection.store == nil && scored.insert(reference).inserted
        let probe = selection.policy == "all" ? 0 : 2 * recipe.training.probeBlocks * recipe.data.blockLength * (2 + between)

        let loaded = try workspace.model(recipe.model, for: recipe.compute)
        let weights = loaded.model.linearLayers.reduce(loaded.model.headWeight.count) { $0 + $1.shape[0] * $1.shape[1] }
        let adapter = recipe.adapter.map { $0.parameterCount(on: loaded.model) }
        let training = adapter.map { 4 * weights + 6 * $0 } ?? 6 * weights
        let forward = 2 * (weights + (adapter ?? 0))
        let scoring = scores ? tokens : 0
        return StudyPlan.Run(
            name: run.name, seed: recipe.training.seed, selection: selection.summary, steps: steps,
            isExpected: run.matching != nil && manifest == nil, isFinished: manifest?.state == .finished, tokens: tokens,
            probeTokens: probe, evaluationTokens: evaluations * evaluation, scoringTokens: scoring,
            operations: Double(tokens + probe) * Double(training) + Double(evaluations * evaluation + scoring) * Double(forward),
            bytes: bytes(
                recipe, trained: adapter ?? loaded.model.parameterCount, keptLosses: evaluation * evaluations, scored: scoring))
    }

    /// - Parameters:
    ///   - trained: how many weights.
    ///   - keptLosses: positions of all its evaluations.
    ///   - scored: positions that its reference scores.
    private func bytes(_ recipe: Recipe, trained: Int, keptLosses: Int, scored: Int) -> Int {
        // The weights, and in a checkpoint AdamW's two means beside them.
        let weights = 4 * trained * (1 + 3 * recipe.training.keepCheckpoints)
        // Loss, mask and token of each position.
        let losses = 9 * keptLosses
        // A bit a position, and the blocks' numbers.
        let tokens = recipe.steps * recipe.tokensPerStep
        let selections = recipe.training.keepSelections ? tokens / 8 + 4 * tokens / recipe.data.blockLength : 0
        let stored = (recipe.selection.usesReferenceEntropy ? 9 : 5) * scored
        // A line of metrics.jsonl, and an event, a step.
        return weights + losses + selections + stored + 900 * recipe.steps
    }

    private func evaluationTokens(_ recipe: Recipe) throws -> Int {
        try recipe.data.validation.values.reduce(0) { sum, source in
            let tokens = try workspace.corpus(source).requireValidation().tokenCount
            return sum + min(tokens, recipe.training.evaluationTokens.count ?? .max)
        }
    }
}

extension SelectionRecipe {
    /// `topK 0.6 of excessLoss, reference/curated`
    fileprivate var summary: String {
        guard policy != "all" else { return "all" }
        guard !isReplay else { return policy }
        let scored = usesScores ? " of \(score)" : ""
        return "\(policy) \(ratio)" + scored + (usesReference ? reference.map { ", \($0.text)" } ?? "" : "")
    }
}

extension ReferenceSource {
    /// As a recipe writes it.
    fileprivate var text: String {
        switch self {
        case .base: "base"
        case .trained(let name): TrainedRun.reference(name).description
        case .folder(let path): path
        }
    }
}
