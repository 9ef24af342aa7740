/// The model whose loss an excess loss takes away.
public enum ReferenceSource: Hashable, Sendable {
    /// `base`: the trained model itself with its adapter switched off, so no second copy.
    case base
    /// `reference/NAME`: what the study trained under that name.
    case trained(String)
    /// An adapter folder (over the same base) or a model folder.
    case folder(String)
}

extension ReferenceSource: RecipeValue {
    init(_ node: RecipeNode) throws(RecipeComplaint) {
        let text = try String(node)
        if text == "base" {
            self = .base
        } else if case .reference(let name) = TrainedRun(text) {
            self = .trained(name)
        } else {
            self = .folder(text)
        }
    }

    var written: RecipeNode {
        switch self {
        case .base: .plain("base")
        case .trained(let name): .text(TrainedRun.reference(name).description)
        case .folder(let path): .text(path)
        }
    }
}
