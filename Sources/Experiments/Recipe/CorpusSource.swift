/// Which prepared text: one of the two default corpora, or a folder that `winnow prepare` made.
public enum CorpusSource: Hashable, Sendable {
    /// `default`: the Sage reference manual, the noisy corpus.
    case noisy
    /// `curated`: the Sage tutorials.
    case curated
    /// A folder; one that is called `default` or `curated` is written `./curated`.
    case folder(String)
}

extension CorpusSource: RecipeValue {
    init(_ node: RecipeNode) throws(RecipeComplaint) {
        let text = try String(node)
        self =
            switch text {
            case "default": .noisy
            case "curated": .curated
            default: .folder(text)
            }
    }

    /// As a recipe writes it.
    var name: String {
        switch self {
        case .noisy: "default"
        case .curated: "curated"
        case .folder(let path): path
        }
    }

    var written: RecipeNode {
        switch self {
        case .noisy: .plain("default")
        case .curated: .plain("curated")
        case .folder(let path): .text(path)
        }
    }
}
