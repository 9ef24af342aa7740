/// Where a warm start comes from.
public enum AdapterStart: Hashable, Sendable {
    /// `reference/NAME` or `arm/NAME`: what the study trained under that name.
    case trained(TrainedRun)
    /// A PEFT adapter folder.
    case folder(String)
}

extension AdapterStart: RecipeValue {
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
