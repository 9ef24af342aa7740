/// The low-rank adapter to train (LoRA, Hu et al. 2021, arXiv:2106.09685), in PEFT's terms.
public struct AdapterRecipe: Equatable, Sendable {
    /// r: the columns of A and B.
    public var rank = 16
    /// α: the update is scaled by α / r.
    public var alpha = 32.0
    /// The share of an adapter's inputs that is zeroed in training.
    public var dropout = 0.0
    /// The linear layers that carry an adapter, by the last part of their name.
    public var targetModules = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]
    /// The adapter to go on from; nil (`none`) starts a fresh one.
    public var start: RunSource?
    /// Draws a fresh adapter's A.
    public var seed = 0

    public init() {}
}

extension AdapterRecipe: RecipeSection {
    mutating func visit(_ visitor: inout some RecipeVisitor) {
        visitor.value("rank", &rank, .atLeast(1, atMost: 1 << 20))
        visitor.value("alpha", &alpha, .positive)
        visitor.value("dropout", &dropout, .belowOne)
        visitor.value("targetModules", &targetModules)
        visitor.value("start", &start)
        visitor.value("seed", &seed, .atLeast(0), unused: start == nil ? nil : "adapter.start brings its own values")
    }
}
