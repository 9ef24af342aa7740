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
        self = text == "base" ? .base : TrainedName.name(in: text).map { .trained($0) } ?? .folder(text)
    }

    var written: RecipeNode {
        switch self {
        case .base: .plain("base")
        case .trained(let name): .text(TrainedName.prefix + name)
        case .folder(let path): .text(path)
        }
    }
}
