/// What stops a training run, and what to do about it.
public enum TrainingError: Error, Equatable, CustomStringConvertible {
    case referenceMissing(score: String)
    case noStoredEntropies(file: String)
    case nonFinite(what: String, step: Int)
    case noGradient(step: Int)
    case foreignCheckpoint(path: String, reason: String)
    case foreignReplay(source: String, differences: [String])

    public var description: String {
        switch self {
        case .referenceMissing(let score):
            "the score \(score) compares with a reference, and none was given"
        case .noStoredEntropies(let file):
            "the score reads the reference's entropies, and \(file) has none: write it again with `winnow score --entropy`"
        case .nonFinite(let what, let step):
            "\(what) is not finite at step \(step); the weights are those of the step before: "
                + "lower the learning rate or look at the data"
        case .noGradient(let step):
            "every gradient is zero at step \(step): nothing would be learned"
        case .foreignCheckpoint(let path, let reason):
            "\(path) can't be resumed from: \(reason)"
        case .foreignReplay(let source, let differences):
            "the selections of \(source) were made in other blocks (\(differences.joined(separator: "; "))): "
                + "give both runs the same data, block length, step size, seed and number of tokens"
        }
    }
}
