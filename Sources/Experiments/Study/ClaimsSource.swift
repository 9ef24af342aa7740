/// Where the claims come from that a study is to decide.
public enum ClaimsSource: Hashable, Sendable {
    /// `standard`: the replication's and the paper's, `Recipes/claims.yaml`.
    case standard
    case none
    /// A file like it.
    case file(String)
}

extension ClaimsSource: RecipeValue {
    init(_ node: RecipeNode) throws(RecipeComplaint) {
        let text = try String(node)
        self =
            switch text {
            case "standard": .standard
            case "none": .none
            default: .file(text)
            }
    }

    var written: RecipeNode {
        switch self {
        case .standard: .plain("standard")
        case .none: .plain("none")
        case .file(let path): .text(path)
        }
    }
}
