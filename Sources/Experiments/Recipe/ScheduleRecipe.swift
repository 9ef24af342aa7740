/// The learning rate's course: a linear rise over the warm-up, then a constant or half a cosine.
public struct ScheduleRecipe: Equatable, Sendable {
    public enum Kind: String, CaseIterable, Sendable {
        case constant
        /// Falls to `finalFraction` of the rate at the last step.
        case cosine
    }

    public var kind = Kind.constant
    /// Optimizer steps until the full rate.
    public var warmupSteps = 0
    /// Of the learning rate, at the end of a cosine.
    public var finalFraction = 0.0

    public init() {}
}

extension ScheduleRecipe.Kind: RecipeChoice {}

extension ScheduleRecipe: RecipeSection {
    mutating func visit(_ visitor: inout some RecipeVisitor) {
        visitor.value("kind", &kind)
        visitor.value("warmupSteps", &warmupSteps, .atLeast(0))
        visitor.value(
            "finalFraction", &finalFraction, .fraction, unused: kind == .constant ? "a constant schedule does not fall" : nil)
    }
}
