import Training

/// The selection of another run, repeated in the same blocks.
public struct ReplayRecipe: Equatable, Sendable {
    /// The run whose selections are repeated; it kept them (`training.keepSelections`).
    public var source: RunSource?
    public var manner = SelectionReplay.Manner.recorded

    public init() {}

    /// As a report calls it: "topk-0.5's tokens, shuffled".
    var label: String {
        let run =
            switch source {
            case .trained(.arm(let name)): name
            case .trained(.reference(let name)): "reference " + name
            case .folder(let path): path.split(separator: "/").last.map(String.init) ?? path
            case nil: ""
            }
        return manner == .recorded ? "\(run)'s tokens" : "\(run)'s tokens, \(manner)"
    }
}

extension SelectionReplay.Manner: RecipeChoice {}

extension ReplayRecipe: RecipeSection {
    mutating func visit(_ visitor: inout some RecipeVisitor) {
        visitor.value("from", &source)
        visitor.value("as", &manner)
        visitor.refuse(
            "from", with: [], if: source == nil, "is missing",
            fix: "name a run's folder, or in a study arm/NAME; that run needs training.keepSelections: true")
    }
}
