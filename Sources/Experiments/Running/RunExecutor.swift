import Checkpoints
import Foundation
import Logging
import Models
import RunRecords
import Torch
import Training

/// Carries a run out in its directory: recipe, manifest, metrics, checkpoints, token losses.
///
/// Where several ranks train together, each carries it out, and only the first touches the directory.
public struct RunExecutor {
    public let run: Run
    public let directory: RunDirectory
    /// What has been measured of the start already, where several runs share one: their step-0 records.
    public var startEvaluations: [EvaluationRecord] = []
    /// For the manifest, where the reference's losses were taken beforehand.
    public var referenceScoringSeconds: Double?
    public var sinks: [any MetricSink] = []
    public var shouldStop: () -> Bool = { false }
    public var onEvaluation: (_ split: String, _ blocksDone: Int, _ blockCount: Int) -> Void = { _, _, _ in }

    private let log = Logger(label: "winnow.experiments")

    public init(_ run: Run, in directory: RunDirectory) { (self.run, self.directory) = (run, directory) }

    /// Starts, or goes on from the newest checkpoint where the directory already holds this run.
    ///
    /// - Throws: `RunError.changedRecipe` where it holds a run of another recipe, `.changedInput` where the model, the data or
    ///   another input isn't what the run began with, `RunRecordError.directoryInUse` where another process works in it, `RankError`.
    public func callAsFunction() throws -> TrainingLoop.Outcome {
        let ranks = run.trainer.ranks
        try run.agreeAmongRanks()
        let outcome = try ranks.isFirst ? carryOut() : loop().loop.run(run.trainer)
        // What the first writes at the end may fail, and then the run has failed on all.
        try ranks.barrier("writing the results")
        return outcome
    }

    private func carryOut() throws -> TrainingLoop.Outcome {
        let lock = try DirectoryLock(directory.url)
        defer { withExtendedLifetime(lock) {} }
        let start = ContinuousClock.now
        var manifest = try run.manifest(startedAt: Date())
        var resumedIn: RunManifest?
        if FileManager.default.fileExists(atPath: directory.manifest.path) {
            let now = manifest
            manifest = try RunManifest.read(from: directory.manifest)
            guard manifest.recipeHash == now.recipeHash else { throw RunError.changedRecipe(directory: directory.url.path) }
            if let input = manifest.inputChanged(in: now) {
                throw RunError.changedInput(directory: directory.url.path, input: input)
            }
            manifest.state = .running
            resumedIn = now
        }
        manifest.referenceScoringSeconds = referenceScoringSeconds ?? manifest.referenceScoringSeconds
        // First, since a directory with a manifest is a run, which can be gone on with and overwritten.
        try manifest.write(to: directory.manifest)
        try AtomicFile.write(Data(run.recipe.yaml.utf8), to: directory.recipe)
        let before = manifest.wallSeconds

        do {
            let (loop, step) = try loop()
            if let resumedIn {
                tell(manifest.goOn(after: step, in: resumedIn))
                try manifest.write(to: directory.manifest)
            }
            let outcome = try loop.run(run.trainer) { try keep($1, of: $0) }
            if outcome == .finished, run.recipe.adapter == nil {
                try run.loaded.model.write(
                    to: directory.model, companions: run.loaded.tokenizerFiles(), replacing: true)
            }
            manifest.state = outcome == .finished ? .finished : .interrupted
            manifest.failure = nil
            try close(&manifest, start: start, before: before)
            return outcome
        } catch {
            manifest.state = .failed
            manifest.failure = "\(error)"
            try? close(&manifest, start: start, before: before)
            throw error
        }
    }

    private func tell(_ move: RunManifest.Move?) {
        guard let move else { return }
        log.warning(
            """
            the run goes on after step \(move.afterStep) elsewhere than it began (\(move.circumstances.joined(separator: "; "))): it \
            will equal an uninterrupted one to rounding only; compute.threads fixes the number of threads
            """)
    }

    /// The loop, and the step that it goes on from.
    private func loop() throws -> (loop: TrainingLoop, step: Int) {
        var loop = TrainingLoop(directory: directory)
        loop.splits = run.splits
        loop.evaluationInterval = run.recipe.training.evaluateEvery
        loop.checkpointInterval = run.recipe.training.checkpointEvery
        loop.maxSkippedSteps = run.recipe.training.maxSkippedSteps
        loop.keptCheckpoints = run.recipe.training.keepCheckpoints
        loop.baseModel = run.loaded.name
        loop.shouldStop = shouldStop
        loop.onEvaluation = onEvaluation
        loop.startEvaluations = startEvaluations
        let step = try loop.resume(run.trainer)
        guard run.trainer.ranks.isFirst else { return (loop, step) }
        let log =
            step > 0
            ? try MetricsLog.resume(at: directory.metrics, after: step) : try MetricsLog.create(at: directory.metrics)
        let events = try EventFile(in: directory.url, from: step > 0 ? step + 1 : 0)
        loop.sinks = [LogSink(log), TensorBoardSink(events)] + sinks
        if run.recipe.training.keepSelections {
            let layout = run.selectionLayout
            loop.selectionLog =
                step > 0
                ? try SelectionLog.resume(at: directory.selections, after: step, layout: layout)
                : try SelectionLog.create(at: directory.selections, layout: layout)
        }
        return (loop, step)
    }

    private func keep(_ losses: TokenLosses, of evaluation: EvaluationRecord) throws {
        if run.trainer.isFinished {
            try TokenLossFile.write(losses, to: directory.tokenLosses(on: evaluation.split))
        }
        if run.recipe.training.keepTokenLosses == .evaluations {
            try TokenLossFile.write(losses, to: directory.tokenLosses(on: evaluation.split, step: evaluation.step))
        }
    }

    private func close(_ manifest: inout RunManifest, start: ContinuousClock.Instant, before: Double) throws {
        let progress = run.trainer.progress
        manifest.finishedAt = Date()
        (manifest.steps, manifest.tokensSeen) = (progress.step, progress.tokensSeen)
        (manifest.selectedTokensSeen, manifest.trainingSeconds) = (progress.selectedTokensSeen, progress.seconds)
        manifest.skippedSteps = progress.skippedSteps
        manifest.wallSeconds = before + (ContinuousClock.now - start) / .seconds(1)
        try manifest.write(to: directory.manifest)
    }
}
