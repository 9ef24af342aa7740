/// Everything that decides a training run, as read from a YAML file. `Recipes/adapt.yaml` documents every key.
///
/// A recipe only describes: it is checked as a whole when it is read, and builds the objects that do the work. Each section is a
/// value type in a file of its own, which holds its keys, defaults, ranges and impossible combinations.
public struct Recipe: Equatable, Sendable {
    /// What the run is called, and its folder.
    public var name = "run"
    /// The model to train.
    public var model = ModelSource.standard
    public var data = DataRecipe()
    /// nil (`none`) trains the full weights.
    public var adapter: AdapterRecipe? = AdapterRecipe()
    public var training = TrainingRecipe()
    public var selection = SelectionRecipe()
    public var compute = ComputeRecipe()

    public init() {}

    /// Tokens fed by one optimizer step: blocks · block length.
    public var tokensPerStep: Int { data.blockLength * training.batchSize * training.accumulation }

    /// Optimizer steps: as many as it takes to feed `training.tokens`, the last one whole.
    public var steps: Int { (training.tokens - 1) / tokensPerStep + 1 }
}

extension Recipe: RecipeSection {
    mutating func visit(_ visitor: inout some RecipeVisitor) {
        visitor.value("name", &name, .fileName)
        visitor.value("model", &model)
        visitor.section("data", &data)
        visitor.section("adapter", &adapter)
        visitor.section("training", &training)
        visitor.section("selection", &selection)
        visitor.section("compute", &compute)

        visitor.refuse(
            "selection.reference", with: ["adapter", "selection.score", "selection.policy"],
            if: selection.reference == .base && adapter == nil && selection.store == nil,
            "is base, the model with its adapter switched off, but adapter is none",
            fix: "name a model folder as the reference, give selection.store its losses, or train an adapter")
        visitor.refuse(
            "training.probeBlocks", with: ["selection.policy"], if: training.probeBlocks > 0 && selection.isReplay,
            "is \(training.probeBlocks), but a replay selects in the recorded blocks alone, so its gradient on others isn't defined",
            fix: "write training.probeBlocks: 0 for this run")
        visitor.refuse(
            "compute.frozen", with: ["adapter"], if: compute.frozen != .exact && adapter == nil,
            "is \(compute.frozen.rawValue), but adapter is none: all weights are trained, and a step of an optimizer is far smaller than "
                + "their rounding", fix: "train an adapter, or write exact; compute.reference is free"
        )
        let isScheduleReadable = training.tokens > 0 && tokensPerStep > 0
        visitor.refuse(
            "training.schedule.warmupSteps",
            with: ["training.tokens", "training.batchSize", "training.accumulation", "data.blockLength"],
            if: isScheduleReadable && training.schedule.warmupSteps >= steps,
            "is \(training.schedule.warmupSteps), but the run has \(isScheduleReadable ? steps : 0) steps "
                + "(training.tokens / (blockLength · batchSize · accumulation))",
            fix: "warm up for fewer steps or train on more tokens")
        let cap = training.evaluationTokens.count ?? .max
        visitor.refuse(
            "training.evaluationTokens", with: ["data.blockLength"], if: cap < data.blockLength,
            "is \(cap), less than one block of \(data.blockLength) tokens", fix: "allow at least one block, or write all")
    }

    /// The path of every key, in the order of writing.
    package static let keyPaths = KeyLister(Recipe()).keys

    static let sectionPaths = Set(KeyLister(Recipe()).sections)
}
