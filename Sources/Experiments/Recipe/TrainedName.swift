/// How a recipe refers to a run that its study trains first: `reference/NAME`, which is also that run's place in the
/// study's folder. A folder of that path elsewhere is written `./reference/NAME`.
enum TrainedName {
    static let prefix = "reference/"

    /// NAME; nil where `text` is something else.
    static func name(in text: String) -> String? {
        guard let match = text.wholeMatch(of: /reference\/([A-Za-z0-9_][A-Za-z0-9_+-]*)/) else { return nil }
        return String(match.1)
    }
}
