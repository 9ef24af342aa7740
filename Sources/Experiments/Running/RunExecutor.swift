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
    /// - Throws: `RunError.changedRecipe` where it holds a run of another recipe, `RunRecordError.directoryInUse` where another
    ///   process works in it, `RankError`.
    public func callAsFunction() throws -> TrainingLoop.Outcome {
        let ranks = run.trainer.ranks
        try run.agreeAmongRanks()
        let outcome = try ranks.isFirst ? carryOut() : loop().run(run.trainer)
        // What the first writes at the end may fail, and then the run has failed on all.
        try ranks.barrier("writing the results")
        return outcome
    }

    private func carryOut() throws -> TrainingLoop.Outcome {
        let lock = try DirectoryLock(directory.url)
        defer { withExtendedLifetime(lock) {} }
        let start = ContinuousClock.now
        var manifest: RunManifest
        let isResumed = FileManager.default.fileExists(atPath: directory.manifest.path)
        if isResumed {
            manifest = try RunManifest.read(from: directory.manifest)
            guard manifest.recipeHash == run.recipe.hash else { throw RunError.changedRecipe(directory: directory.url.path) }
            manifest.state = .running
            warn(ofChanged: manifest)
        } else {
            manifest = try run.manifest(startedAt: Date())
        }
        manifest.referenceScoringSeconds = referenceScoringSeconds ?? manifest.referenceScoringSeconds
        // First, since a directory with a manifest is a run, which can be gone on with and overwritten.
        try manifest.write(to: directory.manifest)
        try AtomicFile.write(Data(run.recipe.yaml.utf8), to: directory.recipe)
        let before = manifest.wallSeconds

        do {
            let loop = try loop()
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

    /// Says what will keep the run from having an uninterrupted one's bits.
    private func warn(ofChanged manifest: RunManifest) {
        let ranks = (then: manifest.ranks ?? 1, now: run.trainer.ranks.count)
        if ranks.then != ranks.now {
            log.warning(
                """
                the run was begun on \(ranks.then) ranks and goes on with \(ranks.now): it selects by the same noise and trains in the \
                same order, and will equal an uninterrupted one to rounding only
                """)
        }
        if manifest.threads != Runtime.threadCount {
            log.warning(
                """
                the run was begun with \(manifest.threads) threads and goes on with \(Runtime.threadCount): it will equal an \
                uninterrupted one to rounding only; compute.threads fixes the number
                """)
        }
    }

    private func loop() throws -> TrainingLoop {
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
        guard run.trainer.ranks.isFirst else { return loop }
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
        return loop
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
