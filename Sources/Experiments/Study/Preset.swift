/// The recipes and studies that come with Winnow, and the claims that studies decide.
///
/// Their one source is the folder `Recipes` of the package, for readers; SwiftPM embeds its files in the code
/// (`.embedInCode` in Package.swift), so that an executable without the checkout has them too.
public enum Preset: String, CaseIterable, Sendable {
    /// A recipe: adapt a model to one's own noisy text. Documents every key.
    case adapt
    /// The default study.
    case reproduce
    /// A study: the replication of Rho-1 to the letter, quirks included.
    case seed
    /// A study: the paper's method with a reference that knows the target domain.
    case rho1
    /// A study: several seeds, nulls and matched controls.
    case rigorous
    /// A study: the paper's self-reference.
    case selfReference = "self"
    /// What studies are to decide.
    case claims

    /// The file's text.
    public var yaml: String {
        let bytes =
            switch self {
            case .adapt: PackageResources.adapt_yaml
            case .reproduce: PackageResources.reproduce_yaml
            case .seed: PackageResources.seed_yaml
            case .rho1: PackageResources.rho1_yaml
            case .rigorous: PackageResources.rigorous_yaml
            case .selfReference: PackageResources.self_yaml
            case .claims: PackageResources.claims_yaml
            }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// What complaints call the text.
    public var source: String { rawValue + ".yaml" }
}
