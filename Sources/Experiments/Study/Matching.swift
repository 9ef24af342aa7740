/// Makes an arm the equal of another in one respect: a control that trains until it has cost as much.
public struct Matching: Equatable, Sendable {
    public enum Measure: String, CaseIterable, Sendable {
        /// Tokens fed, selected or not.
        case tokens
        /// Tokens that carried the loss.
        case selectedTokens
        /// Wall time charged: training, the reference's scoring, and the reference's own training. What fits into it is
        /// reckoned with the baseline's measured speed.
        case seconds
    }

    /// The arm to be matched, under the same seed.
    public var arm = ""
    public var by = Measure.selectedTokens
    /// Times as much: 2 is CLM continued for as long again.
    public var factor = 1.0

    public init() {}
}

extension Matching.Measure: RecipeChoice {}

extension Matching: RecipeSection {
    mutating func visit(_ visitor: inout some RecipeVisitor) {
        visitor.value("arm", &arm)
        visitor.value("by", &by)
        visitor.value("factor", &factor, .positive)
        visitor.refuse("arm", with: [], if: arm.isEmpty, "is missing", fix: "name the arm to be matched")
    }
}
