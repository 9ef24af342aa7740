/// A run of the same study, as a recipe names it: `reference/NAME`, one that is trained first, or `arm/NAME`, an arm of the
/// same seed. A folder of that path elsewhere is written `./reference/NAME`.
///
/// A recipe keeps the name and not the folder behind it, so that its hash stays the same where a study is moved.
public enum TrainedRun: Hashable, Sendable, CustomStringConvertible {
    case reference(String)
    case arm(String)

    /// nil where `text` is something else.
    init?(_ text: String) {
        if let match = text.wholeMatch(of: /reference\/([A-Za-z0-9_][A-Za-z0-9_+-]*)/) {
            self = .reference(String(match.1))
        } else if let match = text.wholeMatch(of: /arm\/([A-Za-z0-9_][A-Za-z0-9_.+-]*)/) {
            self = .arm(String(match.1))
        } else {
            return nil
        }
    }

    /// As a recipe writes it.
    public var description: String {
        switch self {
        case .reference(let name): "reference/" + name
        case .arm(let name): "arm/" + name
        }
    }
}
