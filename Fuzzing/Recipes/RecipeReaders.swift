import Experiments
import FuzzedReaders

/// The readers of what a user writes, which are compiled with libtorch.
extension Reader {
    package static let recipes = [
        Reader("recipe", longest: 1024) { input, _ in
            let text = String(decoding: input, as: UTF8.self)
            if let recipe = try? Recipe(yaml: text) { _ = try Recipe(yaml: recipe.yaml) }
            _ = try Study(yaml: text)
        },
        Reader("claims", longest: 1024) { input, _ in
            _ = try ClaimList(yaml: String(decoding: input, as: UTF8.self), source: "claims.yaml")
        },
    ]
}
