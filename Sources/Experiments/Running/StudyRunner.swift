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
/// start/                     the model before any training: its evaluations and token losses
/// reference/<name>/          runs that others build on
/// reference-losses/          what references said of the blocks that arms saw: a ReferenceLossFile each
/// ground-truth.json          GroundTruthRecord, where the study asks whether scores find bad tokens
/// <arm>/                     one run directory an arm; <arm>/seed-<n>/ where the study lists seeds
/// ```
/// A finished run is never repeated; an unfinished one goes on from its newest checkpoint. An arm that fails by itself, such as
/// one that diverges, is left out with those built on it, and tried again when the study is. Nothing in the directory depends on
/// where it lies.
public final class StudyRunner {
    public let study: Study
    /// The study's text, for the record.
    public let source: String
    public let directory: URL
    public var shouldStop: () -> Bool = { false }
    public var onProgress: (StudyProgress) -> Void = { _ in }
    /// Told each run's name and its wall time in this process, as it finishes.
    public var onFinishedRun: (_ name: String, _ seconds: Double) -> Void = { _, _ in }
    /// Told the name of each arm under a seed that failed by itself, and why.
    public var onFailedRun: (_ name: String, _ reason: String) -> Void = { _, _ in }

    private static let referenceLossesName = "reference-losses"
    /// Folders beside the arms', which no arm may take the name of.
    static let folderNames = ["start", "reference", referenceLossesName]

    private let workspace: Workspace
    private let shelf: ReferenceShelf
    private let budget: MatchedBudget
    private var progress = StudyProgress()
    private var failures: StudyFailures
    private var start: StudyStart?

    public init(_ study: Study, source: String, in directory: URL, workspace: Workspace = Workspace()) {
        (self.study, self.source, self.directory, self.workspace) = (study, source, directory, workspace)
        budget = MatchedBudget(study: study, directory: directory)
        failures = StudyFailures(of: study)
        shelf = ReferenceShelf(directory: directory.appendingPathComponent(Self.referenceLossesName))
    }

    /// Runs what is not finished yet.
    ///
    /// - Returns: `.stopped` where `shouldStop` said so; calling again goes on. `.finished` also where arms failed by themselves:
    ///   the record names them, and `onFailedRun` was told.
    /// - Throws: `RunRecordError.directoryInUse` where another process works in the directory; what a run throws, a reference's
    ///   failures among it, since arms and tests are built on it.
    public func callAsFunction() throws -> TrainingLoop.Outcome {
        do { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) } catch {
            throw RunRecordError.unwritable(file: directory.path, reason: error.localizedDescription)
        }
        let lock = try DirectoryLock(directory)
        defer { withExtendedLifetime(lock) {} }
        let began = Date()
        let clock = ContinuousClock.now
        func elapsed() -> Double { (ContinuousClock.now - clock) / .seconds(1) }
        var record = try StudyRecordBuilder(study: study, source: source, workspace: workspace, directory: directory)
            .record(startedAt: began)
        let recorder = StudyRecorder(study: study, directory: directory)
        failures = StudyFailures(of: study)
        let wallBefore = record.wallSeconds
        progress = try StudyProgress(total: StudyPlan(study, in: directory, workspace: workspace).units)
        try record.write(to: directory)

        try GroundTruthRunner(study, in: directory, workspace: workspace)?.checkInput()
        for (index, run) in study.matrix.enumerated() {
            if index == study.references.count, try testScores() == .stopped { return .stopped }
            if let obstacle = failures.obstacle(to: run) {
                fail(run, obstacle)
                continue
            }
            let recipe = try budget.recipe(of: run)
            guard try !isFinished(run, recipe) else { continue }
            let before = elapsed()
            do {
                guard !shouldStop(), try train(run, recipe) == .finished else { return .stopped }
                onFinishedRun(run.name, elapsed() - before)
            } catch is Interruption {
                return .stopped
            } catch let error as TrainingError where error.concernsOneRun && !run.isReference {
                fail(run, "\(error)")
            }
            try recorder.fill(&record)
            failures.write(into: &record)
            record.wallSeconds = wallBefore + elapsed()
            try record.write(to: directory)
        }
        try recorder.fill(&record)
        failures.write(into: &record)
        try SelectionFrequencies(study: study, directory: directory, workspace: workspace).write(into: &record)
        let recipe = study.arms[0].recipe
        let loaded = try workspace.model(recipe.model, for: recipe.compute)
        if loaded.files.tokenizer != nil {
            try ViewerTexts(tokenizer: loaded.tokenizer(), directory: directory).write(into: &record)
        }
        if record.finishedAt == nil { record.wallSeconds = wallBefore + elapsed() }
        record.finishedAt = failures.isEmpty ? record.finishedAt ?? Date() : nil
        try record.write(to: directory)
        return .finished
    }

    /// Deletes what a study of this matrix has left in a directory, and nothing else.
    ///
    /// - Throws: `RunRecordError.directoryInUse`, before anything is deleted, where another process works there or in one of the
    ///   runs; `.unwritable`.
    public static func clear(_ directory: URL, of study: Study) throws {
        let lock = try FileManager.default.fileExists(atPath: directory.path) ? DirectoryLock(directory) : nil
        let texts = Set(study.arms.flatMap { $0.recipe.data.validation.keys }).map(TokenTexts.fileName)
        let files = [StudyRecord.fileName, GroundTruthRecord.fileName, StudyReport.fileName] + texts
        let folders = ["start", referenceLossesName] + study.references.map(\.name) + study.arms.map(\.name)
        let locks = try folders.flatMap { try self.locks(within: directory.appendingPathComponent($0)) }
        defer { withExtendedLifetime((lock, locks)) {} }
        for name in files + folders {
            let url = directory.appendingPathComponent(name)
            guard FileManager.default.fileExists(atPath: url.path) else { continue }
            do { try FileManager.default.removeItem(at: url) } catch {
                throw RunRecordError.unwritable(file: url.path, reason: error.localizedDescription)
            }
        }
    }

    /// Takes the locks of a run's folder, or of those in it that an arm has for each seed.
    private static func locks(within folder: URL) throws -> [DirectoryLock] {
        let inside = (try? FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)) ?? []
        return try ([folder] + inside).filter {
            FileManager.default.fileExists(atPath: $0.appendingPathComponent(DirectoryLock.fileName).path)
        }.map(DirectoryLock.init)
    }

    /// `shouldStop` said so while the start was measured.
    private struct Interruption: Error {}

    // MARK: One run

    private func fail(_ run: StudyRun, _ reason: String) {
        failures.note(reason, of: run)
        onFailedRun(run.name, reason)
    }

    private func isFinished(_ run: StudyRun, _ recipe: Recipe) throws -> Bool {
        let folder = RunDirectory(directory.appendingPathComponent(run.name))
        guard FileManager.default.fileExists(atPath: folder.manifest.path) else { return false }
        let manifest = try RunManifest.read(from: folder.manifest)
        guard manifest.recipeHash == recipe.hash else { throw RunError.changedRecipe(directory: folder.url.path) }
        return manifest.state == .finished
    }

    private func train(_ planned: StudyRun, _ recipe: Recipe) throws -> TrainingLoop.Outcome {
        let run = try Run(recipe, in: workspace, references: shelf) { trained in
            let other = study.run(trained, seed: recipe.training.seed)
            let folder = RunDirectory(directory.appendingPathComponent(other.name))
            return other.recipe.adapter == nil ? folder.model.path : folder.url.path
        }
        let folder = RunDirectory(directory.appendingPathComponent(planned.name))
        try FileManager.default.createDirectory(at: folder.url, withIntermediateDirectories: true)

        var executor = RunExecutor(run, in: folder)
        executor.shouldStop = shouldStop
        executor.startEvaluations = try startEvaluations(run)
        report(planned.name, .scoring)
        let isScored = try ReferencePass(run: run, shouldStop: shouldStop)() { tokens, rate in
            advance(planned.name, .scoring, by: Double(tokens) * StudyPlan.forwardShare, rate: rate)
        }
        guard isScored else { return .stopped }
        executor.referenceScoringSeconds = run.referenceScoringSeconds

        report(planned.name, .training)
        executor.sinks = [
            ClosureSink { [self] line in
                guard case .step(let metrics) = line else { return }
                advance(planned.name, .training, by: Double(recipe.tokensPerStep), rate: metrics.tokensPerSecond)
            }
        ]
        executor.onEvaluation = evaluationProgress(planned.name, run)
        return try executor()
    }

    /// Scores text that is known to be bad in places, where the study asks for it and as soon as its references are trained.
    private func testScores() throws -> TrainingLoop.Outcome {
        guard var runner = GroundTruthRunner(study, in: directory, workspace: workspace) else { return .finished }
        runner.shouldStop = shouldStop
        runner.onProgress = { [self] text, tokens, rate in
            advance("ground truth: \(text)", .scoring, by: Double(tokens) * StudyPlan.forwardShare, rate: rate)
        }
        return try runner()
    }

    /// What is known of a run's held-out losses before its first step: those of the model, or of the run it goes on from.
    /// Nothing is known of an adapter from elsewhere, so such a run measures them itself.
    private func startEvaluations(_ run: Run) throws -> [EvaluationRecord] {
        let base = try baseEvaluations(run)
        switch run.recipe.adapter?.start {
        case nil: return base
        case .folder: return []
        case .trained(let trained):
            let other = study.run(trained, seed: run.recipe.training.seed)
            guard run.recipe.evaluationDifferences(from: other.recipe).allSatisfy({ !$0.differs }) else { return [] }
            let history = try MetricsLog.read(RunDirectory(directory.appendingPathComponent(other.name)).metrics)
            let last = history.evaluations.map(\.step).max()
            return history.evaluations.filter { $0.step == last }.map { end in
                var start = end
                (start.step, start.tokensSeen) = (0, 0)
                return start
            }
        }
    }

    /// The evaluations of the model before any training, made once.
    private func baseEvaluations(_ run: Run) throws -> [EvaluationRecord] {
        guard !run.splits.isEmpty else { return [] }
        if let start, try start.matches(run) { return start.evaluations }
        report("start", .evaluating)
        let tell = evaluationProgress("start", run)
        let folder = RunDirectory(directory.appendingPathComponent("start"))
        let measured = try StudyStart(run, in: folder) { split, done, count in
            tell(split, done, count)
            if shouldStop() { throw Interruption() }
        }
        start = measured
        return measured.evaluations
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
        var (split, done, began) = ("", 0, ContinuousClock.now)
        return { [self] current, blocks, _ in
            if current != split { (split, done, began) = (current, 0, .now) }
            let tokens = Double((blocks - done) * run.recipe.data.blockLength)
            let rate = Double(blocks * run.recipe.data.blockLength) / max(1e-9, (ContinuousClock.now - began) / .seconds(1))
            done = blocks
            advance(name, .evaluating, by: tokens * StudyPlan.forwardShare, rate: rate)
        }
    }
}
