import RunRecords

/// What stops a training run, and what to do about it.
public enum TrainingError: Error, Equatable, CustomStringConvertible {
    case referenceMissing(score: String)
    case noStoredEntropies(file: String)
    /// Of a step that is skipped; `Trainer.advance()` deals with it.
    case nonFiniteLoss(step: Int)
    case nonFiniteReference(step: Int)
    case nonFiniteWeights(step: Int)
    case diverged(step: Int, count: Int, reason: SkippedStep)
    case damagedCheckpoints(directory: String, reason: String)
    case foreignCheckpoint(path: String, reason: String)
    case foreignReplay(source: String, differences: [String])
    case indivisible(microBatches: Int, ranks: Int)
    case noDeviceSelection(HostSelectionReason)
    case noGraphs(NoGraphReason)
    case notRecorded(reason: String)

    /// Whether it lies in one run's own numbers or checkpoints, so that the other runs of a study can go on.
    package var concernsOneRun: Bool {
        switch self {
        case .nonFiniteLoss, .nonFiniteReference, .nonFiniteWeights, .diverged, .damagedCheckpoints: true
        case .referenceMissing, .noStoredEntropies, .foreignCheckpoint, .foreignReplay, .indivisible,
            .noDeviceSelection, .noGraphs, .notRecorded:
            false
        }
    }

    public var description: String {
        switch self {
        case .referenceMissing(let score):
            "the score \(score) compares with a reference, and none was given"
        case .noStoredEntropies(let file):
            "the score reads the reference's entropies, and \(file) has none: write it again with `winnow score --entropy`"
        case .nonFiniteLoss(let step):
            "the loss is not finite at step \(step): lower the learning rate or look at the data"
        case .nonFiniteReference(let step):
            "the reference loss is not finite at step \(step): look at the reference's weights, or at its store"
        case .nonFiniteWeights(let step):
            "the weights are not finite after step \(step), the last: the last good checkpoint stays; lower the learning rate and start "
                + "again with --overwrite"
        case .diverged(let step, let count, let reason):
            "\(count) steps in a row up to step \(step) could not be taken: \(reason); the last good checkpoint stays. A run goes "
                + "on with its own recipe alone: lower the learning rate, mend the data or raise training.maxSkippedSteps, and start "
                + "again with --overwrite, or in a study after deleting the directory of this run"
        case .damagedCheckpoints(let directory, let reason):
            "no checkpoint in \(directory) is whole (\(reason)): delete that directory and the run begins again; a study repeats that "
                + "run alone"
        case .foreignCheckpoint(let path, let reason):
            "\(path) can't be resumed from: \(reason)"
        case .foreignReplay(let source, let differences):
            "the selections of \(source) were made in other blocks (\(differences.joined(separator: "; "))): "
                + "give both runs the same data, block length, step size, seed and number of tokens"
        case .indivisible(let microBatches, let ranks):
            "training.accumulation is \(microBatches) and there are \(ranks) ranks, which share a step's passes evenly: make it a multiple "
                + "of \(ranks), with training.batchSize so much smaller, or start as many ranks as divide it"
        case .noDeviceSelection(let reason):
            "compute.selection is device, but tokens have to be selected on the host: \(reason); write compute.selection: auto"
        case .noGraphs(let reason):
            "compute.graphs asks for a step that is recorded, and it can't be: \(reason); write compute.graphs: auto"
        case .notRecorded(let reason):
            "a step could not be recorded as a CUDA graph (\(reason)): write compute.graphs: off"
        }
    }
}
