/// A run that another one builds on: the adapter that it goes on from, the selections that it repeats.
public enum RunSource: Hashable, Sendable {
    /// `reference/NAME` or `arm/NAME`: what the study trained under that name.
    case trained(TrainedRun)
    /// A run's folder; for an adapter, any PEFT folder.
    case folder(String)
}

extension RunSource: RecipeValue {
    init(_ node: RecipeNode) throws(RecipeComplaint) {
        let text = try String(node)
        self = TrainedRun(text).map { .trained($0) } ?? .folder(text)
    }

    var written: RecipeNode {
        switch self {
        case .trained(let run): .text(run.description)
        case .folder(let path): .text(path)
        }
    }
}
