/// Which model: the cached default one, or a Hugging Face folder or GGUF file.
public enum ModelSource: Hashable, Sendable {
    /// `default`: SmolLM2-135M-Instruct, fetched by the set-up.
    case standard
    /// A folder or file; one that is called `default` is written `./default`.
    case path(String)
}

extension ModelSource: RecipeValue {
    init(_ node: RecipeNode) throws(RecipeComplaint) {
        let text = try String(node)
        self = text == "default" ? .standard : .path(text)
    }

    var written: RecipeNode {
        switch self {
        case .standard: .plain("default")
        case .path(let path): .text(path)
        }
    }
}
