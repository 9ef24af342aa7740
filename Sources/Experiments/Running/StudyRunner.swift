import Checkpoints
import Corpora
import Foundation
import Reporting
import RunRecords
import Torch
import Training

/// Carries out a study's matrix in its directory, one run after another, and keeps `study.json` up to date.
///
/// ```
/// study.json                 StudyRecord: what a report is made from, rewritten after every run
/// start/                     the common start: its evaluations and token losses
/// reference/<name>/          runs that others build on
/// reference-losses/          what references said of the blocks that arms saw: a ReferenceLossFile each
/// <arm>/                     one run directory an arm
/// ```
/// A finished run is never repeated; an unfinished one goes on from its newest checkpoint.
public final class StudyRunner {
    public let study: Study
    /// The study's text, for the record.
    public let source: String
    public let directory: URL
    public var shouldStop: () -> Bool = { false }
    public var onProgress: (StudyProgress) -> Void = { _ in }
    /// Told each run's name and its wall time in this process, as it finishes.
    public var onFinishedRun: (_ name: String, _ seconds: Double) -> Void = { _, _ in }

    private static let referenceLossesName = "reference-losses"
    private let workspace: Workspace
    private let shelf: ReferenceShelf
    private var progress: StudyProgress
    private var start: StudyStart?

    public init(_ study: Study, source: String, in directory: URL, workspace: Workspace = Workspace()) {
        (self.study, self.source, self.directory, self.workspace) = (study, source, directory, workspace)
        progress = StudyProgress()
        shelf = ReferenceShelf(directory: directory.appendingPathComponent(Self.referenceLossesName))
    }

    /// Runs what is not finished yet.
    ///
    /// - Returns: `.stopped` where `shouldStop` said so; calling again goes on.
    public func callAsFunction() throws -> TrainingLoop.Outcome {
        do { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) } catch {
            throw RunRecordError.unwritable(file: directory.path, reason: error.localizedDescription)
        }
        let began = Date()
        var record = try StudyRecordBuilder(study: study, source: source, workspace: workspace).record(
            continuing: directory, startedAt: began)
        let wallBefore = record.wallSeconds
        progress = try StudyProgress(total: Work(study: study, workspace: workspace).units(in: directory))
        try record.write(to: directory)

        for arm in study.matrix {
            guard try !isFinished(arm) else { continue }
            let armBegan = Date()
            do {
                guard !shouldStop(), try train(arm) == .finished else { return .stopped }
            } catch is Interruption {
                return .stopped
            }
            onFinishedRun(arm.name, Date().timeIntervalSince(armBegan))
            try refresh(&record)
            record.wallSeconds = wallBefore + Date().timeIntervalSince(began)
            try record.write(to: directory)
        }
        try refresh(&record)
        if record.finishedAt == nil {
            record.finishedAt = Date()
            record.wallSeconds = wallBefore + Date().timeIntervalSince(began)
        }
        try record.write(to: directory)
        return .finished
    }

    /// Deletes what a study of this matrix has left in a directory, and nothing else.
    public static func clear(_ directory: URL, of study: Study) throws {
        let names = ["start", referenceLossesName, StudyRecord.fileName, StudyReport.fileName] + study.matrix.map(\.name)
        for name in names {
            let url = directory.appendingPathComponent(name)
            guard FileManager.default.fileExists(atPath: url.path) else { continue }
            do { try FileManager.default.removeItem(at: url) } catch {
                throw RunRecordError.unwritable(file: url.path, reason: error.localizedDescription)
            }
        }
    }

    /// `shouldStop` said so while the common start was measured.
    private struct Interruption: Error {}

    // MARK: One run

    private func recipe(of arm: Study.Arm) -> Recipe {
        arm.recipe.replacingTrainedRuns { [directory] name in directory.appendingPathComponent("reference/\(name)").path }
    }

    private func isFinished(_ arm: Study.Arm) throws -> Bool {
        let folder = RunDirectory(directory.appendingPathComponent(arm.name))
        guard FileManager.default.fileExists(atPath: folder.manifest.path) else { return false }
        let manifest = try RunManifest.read(from: folder.manifest)
        guard manifest.recipeHash == recipe(of: arm).hash else { throw RunError.changedRecipe(directory: folder.url.path) }
        return manifest.state == .finished
    }

    private func train(_ arm: Study.Arm) throws -> TrainingLoop.Outcome {
        let recipe = recipe(of: arm)
        let run = try Run(recipe, in: workspace, references: shelf)
        let folder = RunDirectory(directory.appendingPathComponent(arm.name))
        try FileManager.default.createDirectory(at: folder.url, withIntermediateDirectories: true)

        var executor = RunExecutor(run, in: folder)
        executor.shouldStop = shouldStop
        let isReference = study.references.contains(arm)
        if let start = try commonStart(run) { executor.startEvaluations = start }
        guard try score(run, arm: arm) else { return .stopped }

        report(arm.name, .training)
        executor.sinks = [
            ClosureSink { [self] line in
                guard case .step(let metrics) = line else { return }
                advance(arm.name, .training, by: Double(recipe.tokensPerStep), rate: metrics.tokensPerSecond)
            }
        ]
        executor.onEvaluation = evaluationProgress(arm.name, run)
        executor.keepsTokenLosses = !isReference
        return try executor()
    }

    /// The evaluations of a start that all fresh adapters share, made once. `nil` for a run that starts elsewhere.
    private func commonStart(_ run: Run) throws -> [EvaluationRecord]? {
        guard run.recipe.adapter?.start == nil, !run.splits.isEmpty else { return nil }
        if let start, try start.matches(run) { return start.evaluations }
        let folder = RunDirectory(directory.appendingPathComponent("start"))
        report("start", .evaluating)
        let tell = evaluationProgress("start", run)
        start = try StudyStart(run, in: folder) { split, done, count in
            tell(split, done, count)
            if shouldStop() { throw Interruption() }
        }
        return start?.evaluations
    }

    /// Takes the reference's losses of every block the run will see, before the clock of its steps starts.
    ///
    /// - Returns: `false` where it was told to stop.
    private func score(_ run: Run, arm: Study.Arm) throws -> Bool {
        guard let reference = run.reference else { return true }
        report(arm.name, .scoring)
        var sampler = run.trainer.sampler
        let began = Date()
        var scored = 0
        for _ in 0..<run.recipe.steps * run.recipe.training.accumulation {
            guard !shouldStop() else { return false }
            let batch = sampler.next()
            guard !reference.remembers(batch) else { continue }
            _ = try reference.losses(of: batch)
            scored += batch.inputIDs.count
            advance(
                arm.name, .scoring, by: Double(batch.inputIDs.count) * Work.forwardShare,
                rate: Double(scored) / Date().timeIntervalSince(began))
        }
        return true
    }

    // MARK: Telling

    private func report(_ run: String, _ stage: StudyProgress.Stage) {
        (progress.run, progress.stage) = (run, stage)
        onProgress(progress)
    }

    private func advance(_ run: String, _ stage: StudyProgress.Stage, by units: Double, rate: Double) {
        (progress.run, progress.stage, progress.tokensPerSecond) = (run, stage, rate)
        progress.done += units
        onProgress(progress)
    }

    private func evaluationProgress(_ name: String, _ run: Run) -> (String, Int, Int) -> Void {
        var (split, done, began) = ("", 0, Date())
        return { [self] current, blocks, _ in
            if current != split { (split, done, began) = (current, 0, Date()) }
            let tokens = Double((blocks - done) * run.recipe.data.blockLength)
            let rate = Double(blocks * run.recipe.data.blockLength) / max(1e-9, Date().timeIntervalSince(began))
            done = blocks
            advance(name, .evaluating, by: tokens * Work.forwardShare, rate: rate)
        }
    }

    // MARK: Recording

    private func refresh(_ run: inout StudyRecord.Run, splits: [String]) throws {
        let folder = RunDirectory(directory.appendingPathComponent(run.directory))
        guard FileManager.default.fileExists(atPath: folder.manifest.path) else { return }
        let manifest = try RunManifest.read(from: folder.manifest)
        guard manifest.state == .finished else { return }
        try run.fill(from: folder, manifest: manifest, splits: splits)
    }

    /// Fills in what the runs have left on disk.
    private func refresh(_ record: inout StudyRecord) throws {
        for arm in record.arms.indices {
            for index in record.arms[arm].runs.indices {
                try refresh(&record.arms[arm].runs[index], splits: record.validationSplits.map(\.name))
            }
        }
        let start = RunDirectory(directory.appendingPathComponent("start"))
        for split in record.validationSplits {
            let file = start.tokenLosses(on: split.name)
            if FileManager.default.fileExists(atPath: file.path) {
                record.startTokenLosses[split.name] = "start/" + file.lastPathComponent
            }
        }
    }
}

extension StudyRecord.Run {
    fileprivate mutating func fill(from folder: RunDirectory, manifest: RunManifest, splits: [String]) throws {
        let history = try MetricsLog.read(folder.metrics)
        evaluations = history.evaluations
        (tokens, selectedTokens) = (manifest.tokensSeen, manifest.selectedTokensSeen)
        (trainingSeconds, wallSeconds) = (manifest.trainingSeconds, manifest.wallSeconds)
        let adapterFile = folder.url.appendingPathComponent(RunDirectory.adapterWeightsName)
        adapter = FileManager.default.fileExists(atPath: adapterFile.path) ? directory : nil
        for split in splits where FileManager.default.fileExists(atPath: folder.tokenLosses(on: split).path) {
            tokenLosses[split] = directory + "/" + folder.tokenLosses(on: split).lastPathComponent
        }
        let tied = history.steps.count(where: \.tied)
        let filled = history.steps.reduce(0) { $0 + $1.filledAtRandom }
        let notes = [
            tied > 0 ? "In \(tied) of \(history.steps.count) steps every score was the same, so scores decided nothing." : nil,
            filled > 0
                ? "\(filled) of \(selectedTokens) picks had no positive weight and were drawn at random." : nil,
        ].compactMap { $0 }
        note = notes.isEmpty ? nil : notes.joined(separator: " ")
    }
}
