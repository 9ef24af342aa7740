import Checkpoints
import Corpora
import Foundation
import Logging
import Models
import RunRecords
import Torch

/// Steps, evaluations and checkpoints of a run, until it is finished or told to stop.
///
/// Where several ranks train together, each runs a loop. All evaluate, and stop at the same step; the first alone writes, and reads
/// the checkpoint that all go on from.
public struct TrainingLoop {
    /// A held-out split.
    public struct Split {
        public let name: String
        public let batches: EvaluationBatches

        public init(name: String, batches: EvaluationBatches) { (self.name, self.batches) = (name, batches) }
    }

    public enum Outcome: Sendable, Equatable {
        case finished
        /// Stopped between two steps, with a checkpoint written.
        case stopped
    }

    public let directory: RunDirectory
    public var splits: [Split] = []
    /// Steps between evaluations; 0 evaluates at the start and at the end alone.
    public var evaluationInterval = 0
    /// Steps between checkpoints; 0 writes them only as time passes, and when the run is stopped or ends.
    public var checkpointInterval = 0
    /// A checkpoint is also written once so many seconds have gone by since the last, so that a kill costs little, and later
    /// where writing takes more than a twentieth of that time.
    public var checkpointSeconds = 120.0
    /// As many steps in a row that could not be taken end the run.
    public var maxSkippedSteps = 10
    /// How many checkpoints stay.
    public var keptCheckpoints = 2
    /// As an adapter's configuration names the model.
    public var baseModel: String?
    /// Evaluations of the start that were made before: a split that has one here isn't evaluated again.
    public var startEvaluations: [EvaluationRecord] = []
    public var sinks: [any MetricSink] = []
    /// Where each step's selection goes; `nil` keeps none.
    public var selectionLog: SelectionLog?
    /// Asked between steps, and between the batches of an evaluation.
    public var shouldStop: () -> Bool = { false }
    /// Told how many blocks of an evaluation are done.
    public var onEvaluation: (_ split: String, _ blocksDone: Int, _ blockCount: Int) -> Void = { _, _, _ in }

    private let log = Logger(label: "winnow.training")

    public init(directory: RunDirectory) { self.directory = directory }

    /// Goes on from the newest checkpoint in the directory that is whole, and says so where that isn't the newest; does nothing
    /// where there is none.
    ///
    /// - Returns: the step it goes on from.
    /// - Throws: `TrainingError.damagedCheckpoints` where there are some and none is whole, `.foreignCheckpoint`.
    @discardableResult
    public func resume(_ trainer: Trainer) throws -> Int {
        if trainer.ranks.isFirst { try restoreNewest(trainer) }
        try TrainingCheckpoint.share(trainer)
        return trainer.progress.step
    }

    private func restoreNewest(_ trainer: Trainer) throws {
        try TrainingCheckpoint.recover(in: directory)
        var damages: [String] = []
        for step in try directory.checkpointSteps().reversed() {
            let folder = directory.checkpoint(at: step)
            if let damage = ChecksumFile.damage(in: folder) {
                log.warning("\(folder.path) is damaged and passed over: \(damage)")
                damages.append("\(folder.lastPathComponent): \(damage)")
                continue
            }
            if !damages.isEmpty { log.warning("going on from \(folder.path)") }
            return try TrainingCheckpoint.restore(trainer, from: folder)
        }
        guard damages.isEmpty else {
            throw TrainingError.damagedCheckpoints(directory: directory.url.path, reason: damages.joined(separator: "; "))
        }
    }

    /// Runs to the end, or to the next step after `shouldStop` says so.
    ///
    /// - Parameter tokenLosses: given the token losses behind every evaluation that is made.
    public func run(
        _ trainer: Trainer, tokenLosses: (EvaluationRecord, TokenLosses) throws -> Void = { _, _ in }
    ) throws -> Outcome {
        do {
            try runToTheEnd(trainer, tokenLosses)
            return .finished
        } catch is Interruption {
            try checkpoint(trainer)
            return .stopped
        }
    }

    /// `shouldStop` said so: the state between two steps is intact.
    private struct Interruption: Error {}

    /// All ranks stop where one is asked to.
    private func stopIfAsked(_ ranks: ProcessGroup) throws {
        if try ranks.anyRank(shouldStop(), "asking whether to stop") { throw Interruption() }
    }

    private func runToTheEnd(_ trainer: Trainer, _ tokenLosses: (EvaluationRecord, TokenLosses) throws -> Void) throws {
        if trainer.progress.step == 0 {
            for known in startEvaluations { try record(.evaluation(known)) }
            try evaluate(trainer, except: Set(startEvaluations.map(\.split)), tokenLosses)
        } else if isEvaluationDue(trainer) {
            // The run was stopped while it was being evaluated.
            try evaluate(trainer, tokenLosses)
        }
        var warned = false
        var checkpoints = CheckpointClock(seconds: checkpointSeconds)
        while !trainer.isFinished {
            try stopIfAsked(trainer.ranks)
            let metrics = try trainer.advance()
            if let selectionLog, let selection = trainer.lastSelection { try selectionLog.append(selection) }
            try record(.step(metrics))
            if let skipped = metrics.skipped {
                warn(trainer, "step \(metrics.step) is skipped, \(trainer.progress.skippedInARow) in a row: \(skipped)")
                try giveUpIfHopeless(trainer, skipped)
            }
            if let spike = metrics.lossSpike { warn(trainer, Self.explanation(ofSpike: spike, metrics)) }
            if metrics.tied || metrics.filledAtRandom > 0, !warned {
                warned = true
                warn(trainer, Self.explanation(of: metrics))
            }
            let isLast = trainer.isFinished
            if isEvaluationDue(trainer) { try evaluate(trainer, tokenLosses) }
            guard !isLast else { continue }
            if checkpointInterval > 0 && trainer.progress.step % checkpointInterval == 0 || checkpoints.isDue {
                try checkpoints.timing { try checkpoint(trainer) }
            }
        }
        if trainer.progress.evaluatedStep < trainer.progress.step { try evaluate(trainer, tokenLosses) }
        guard trainer.trained.allSatisfy(\.tensor.isAllFinite) else {
            throw TrainingError.nonFiniteWeights(step: trainer.progress.step)
        }
        if let adapter = trainer.adapter, trainer.ranks.isFirst {
            try adapter.folder(baseModel: baseModel).write(to: directory.url)
        }
        try checkpoint(trainer)
    }

    /// Once for all ranks.
    private func warn(_ trainer: Trainer, _ sentence: String) {
        if trainer.ranks.isFirst { log.warning("\(sentence)") }
    }

    /// Ends a run that has skipped too many steps in a row. Its weights are those after the last step that was taken.
    private func giveUpIfHopeless(_ trainer: Trainer, _ reason: SkippedStep) throws {
        let count = trainer.progress.skippedInARow
        guard count >= maxSkippedSteps else { return }
        try checkpoint(trainer)
        throw TrainingError.diverged(step: trainer.progress.step, count: count, reason: reason)
    }

    private static func explanation(ofSpike spike: Double, _ metrics: StepMetrics) -> String {
        "step \(metrics.step): the loss \(metrics.loss) stands \(String(format: "%.0f", spike)) standard deviations above the last "
            + "\(LossSpikes.length) steps' mean; metrics.jsonl marks such steps"
    }

    private func isEvaluationDue(_ trainer: Trainer) -> Bool {
        let progress = trainer.progress
        return evaluationInterval > 0 && progress.step % evaluationInterval == 0 && progress.evaluatedStep < progress.step
            && !trainer.isFinished
    }

    private static func explanation(of metrics: StepMetrics) -> String {
        if metrics.tied {
            return "step \(metrics.step): every score is the same, so scores decide nothing "
                + "(a fresh adapter whose reference is its base starts so); metrics.jsonl marks such steps"
        }
        return "step \(metrics.step): \(metrics.candidates ?? 0) candidates for \(metrics.selectedTokens) places, "
            + "\(metrics.filledAtRandom) filled at random; metrics.jsonl counts them"
    }

    private func record(_ line: MetricsLine) throws {
        for sink in sinks { try sink.record(line) }
    }

    /// Records the splits together, so that a stop in between leaves all of them for later.
    private func evaluate(
        _ trainer: Trainer, except known: Set<String> = [], _ tokenLosses: (EvaluationRecord, TokenLosses) throws -> Void
    ) throws {
        let evaluator = Evaluator(trainer.model, adapter: trainer.adapter, ranks: trainer.ranks)
        var records: [EvaluationRecord] = []
        for split in splits where !known.contains(split.name) {
            let start = ContinuousClock.now
            let losses = try evaluator.tokenLosses(over: split.batches) {
                onEvaluation(split.name, $0, split.batches.blockCount)
                try stopIfAsked(trainer.ranks)
            }
            let seconds = (ContinuousClock.now - start) / .seconds(1)
            let finished = EvaluationRecord(
                step: trainer.progress.step, tokensSeen: trainer.progress.tokensSeen, split: split.name, loss: losses.mean,
                tokens: losses.count, batchMeanLoss: losses.batchMean(rows: split.batches.batchSize), seconds: seconds)
            records.append(finished)
            try tokenLosses(finished, losses)
        }
        for finished in records { try record(.evaluation(finished)) }
        if let probe = try trainer.probe() { try record(.probe(probe)) }
        trainer.progress.evaluatedStep = trainer.progress.step
    }

    /// Weights that have gone bad don't take the place of those that were good.
    private func checkpoint(_ trainer: Trainer) throws {
        guard trainer.ranks.isFirst else { return }
        guard trainer.trained.allSatisfy(\.tensor.isAllFinite) else {
            log.warning("step \(trainer.progress.step) leaves no checkpoint: the weights are not finite")
            return
        }
        for sink in sinks { try sink.synchronize() }
        try selectionLog?.synchronize()
        let current = trainer.progress.step
        try TrainingCheckpoint.write(trainer, to: directory.checkpoint(at: current), baseModel: baseModel)
        let steps = try directory.checkpointSteps()
        // Those of later steps were damaged, or the run would have gone on from them.
        for step in steps.filter({ $0 > current }) + steps.filter({ $0 <= current }).dropLast(keptCheckpoints) {
            try FileManager.default.removeItem(at: directory.checkpoint(at: step))
        }
    }
}

extension TokenLosses {
    /// The exact token-weighted mean in nats.
    public var mean: Double {
        let counted = counted
        return counted.reduce(0) { $0 + Double($1) } / Double(counted.count)
    }

    /// The mean of the means of so many rows at a time, as a loop over batches gives it that forgets their sizes.
    func batchMean(rows size: Int) -> Double {
        let means = stride(from: 0, to: rows, by: size).compactMap { start -> Double? in
            let places = (start * positions..<min(start + size, rows) * positions).filter { mask[$0] }
            return places.isEmpty ? nil : places.reduce(0) { $0 + Double(losses[$1]) } / Double(places.count)
        }
        return means.reduce(0, +) / Double(means.count)
    }
}
