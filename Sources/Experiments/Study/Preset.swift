/// The recipes and studies that come with Winnow.
///
/// Their one source is the folder `Recipes` of the package, for readers; SwiftPM embeds its files in the code
/// (`.embedInCode` in Package.swift), so that an executable without the checkout has them too.
public enum Preset: String, CaseIterable, Sendable {
    /// A recipe: adapt a model to one's own noisy text. Documents every key.
    case adapt
    /// The default study.
    case reproduce
    /// A study: the replication of Rho-1 on TinyLlama, with its own sizes.
    case seedTinyLlama = "seed-tinyllama"

    /// The file's text.
    public var yaml: String {
        let bytes =
            switch self {
            case .adapt: PackageResources.adapt_yaml
            case .reproduce: PackageResources.reproduce_yaml
            case .seedTinyLlama: PackageResources.seed_tinyllama_yaml
            }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What complaints call the text.
    public var source: String { rawValue + ".yaml" }
}
