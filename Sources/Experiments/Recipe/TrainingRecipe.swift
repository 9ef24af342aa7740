/// How long, in what portions and by which rule the weights move, and when the run looks up from its work.
public struct TrainingRecipe: Equatable, Sendable {
    /// Tokens to train on: positions fed, selected or not. The last step is whole, so up to a step more is fed.
    public var tokens = 60_000
    /// Blocks in a micro-batch.
    public var batchSize = 4
    /// Micro-batches in an optimizer step.
    public var accumulation = 1
    public var optimizer = OptimizerRecipe()
    public var schedule = ScheduleRecipe()
    /// The gradient's largest L2 norm; nil (`none`) leaves it as it is.
    public var clipNorm: Double? = 1.0
    /// Orders the data, and draws dropout and a selection's noise.
    public var seed = 0
    /// Optimizer steps between evaluations; 0 evaluates only before the first and after the last.
    public var evaluateEvery = 0
    /// Optimizer steps between checkpoints, beside those that time asks for; 0 leaves it to time.
    public var checkpointEvery = 0
    /// Checkpoints that stay on disk, the newest ones.
    public var keepCheckpoints = 2
    /// Optimizer steps in a row that may be skipped, for losses or gradients that are not finite, before the run gives up.
    public var maxSkippedSteps = 10
    /// Held-out tokens in each evaluation of each validation corpus.
    public var evaluationTokens = TokenLimit.all
    /// Which evaluations leave every held-out token's loss on disk.
    public var keepTokenLosses = KeptTokenLosses.end
    /// Whether what each step selected is kept, for `selection.replay` and for statistics.
    public var keepSelections = false
    /// Training blocks on which each evaluation compares the selected tokens' gradient with that of all; 0 compares none.
    public var probeBlocks = 0
    /// Averages the means of micro-batches, as the replication did, where one division by the step's count is right.
    public var meanPerMicroBatch = false

    public enum KeptTokenLosses: String, CaseIterable, Sendable {
        /// The last.
        case end
        /// Every one.
        case evaluations
    }

    public init() {}

    /// With the bounds of a step's sizes it keeps every product of them within an Int.
    static let mostTokens = 1 << 50
}

extension TrainingRecipe: RecipeSection {
    mutating func visit(_ visitor: inout some RecipeVisitor) {
        visitor.value("tokens", &tokens, .atLeast(1, atMost: TrainingRecipe.mostTokens))
        visitor.value("batchSize", &batchSize, .atLeast(1, atMost: 1 << 16))
        visitor.value("accumulation", &accumulation, .atLeast(1, atMost: 1 << 16))
        visitor.section("optimizer", &optimizer)
        visitor.section("schedule", &schedule)
        visitor.value("clipNorm", &clipNorm, .positive)
        visitor.value("seed", &seed, .atLeast(0))
        visitor.value("evaluateEvery", &evaluateEvery, .atLeast(0))
        visitor.value("checkpointEvery", &checkpointEvery, .atLeast(0))
        visitor.value("keepCheckpoints", &keepCheckpoints, .atLeast(1))
        visitor.value("maxSkippedSteps", &maxSkippedSteps, .atLeast(1))
        visitor.value("evaluationTokens", &evaluationTokens, .atLeast(1))
        visitor.value("keepTokenLosses", &keepTokenLosses)
        visitor.value("keepSelections", &keepSelections)
        visitor.value("probeBlocks", &probeBlocks, .atLeast(0))
        visitor.value("meanPerMicroBatch", &meanPerMicroBatch)
    }
}

extension TrainingRecipe.KeptTokenLosses: RecipeChoice {}
