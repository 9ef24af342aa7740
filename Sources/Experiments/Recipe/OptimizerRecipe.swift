/// AdamW (Loshchilov and Hutter 2017, arXiv:1711.05101), with PyTorch's names and meanings.
public struct OptimizerRecipe: Equatable, Sendable {
    public var learningRate = 1.0e-4
    /// Decay of the running mean of gradients.
    public var beta1 = 0.9
    /// Decay of the running mean of squared gradients.
    public var beta2 = 0.999
    public var epsilon = 1.0e-8
    /// Decoupled: each step takes away learningRate · weightDecay of a weight.
    public var weightDecay = 0.0

    public init() {}
}

extension OptimizerRecipe: RecipeSection {
    mutating func visit(_ visitor: inout some RecipeVisitor) {
        visitor.value("learningRate", &learningRate, .positive)
        visitor.value("beta1", &beta1, .belowOne)
        visitor.value("beta2", &beta2, .belowOne)
        visitor.value("epsilon", &epsilon, .positive)
        visitor.value("weightDecay", &weightDecay, .notNegative)
    }
}
