/// Where a warm start comes from.
public enum AdapterStart: Hashable, Sendable {
    /// `reference/NAME`: what the study trained under that name.
    case trained(String)
    /// A PEFT adapter folder.
    case folder(String)
}

extension AdapterStart: RecipeValue {
    init(_ node: RecipeNode) throws(RecipeComplaint) {
        let text = try String(node)
        self = TrainedName.name(in: text).map { .trained($0) } ?? .folder(text)
    }

    var written: RecipeNode {
        switch self {
        case .trained(let name): .text(TrainedName.prefix + name)
        case .folder(let path): .text(path)
        }
    }
}
