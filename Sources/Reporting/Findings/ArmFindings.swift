import Analysis
import RunRecords

/// One arm, its runs, and what was found of them together.
public struct ArmFindings: Sendable {
    public var arm: StudyRecord.Arm
    /// In the record's order: one a seed.
    public var runs: [RunFindings]
    /// By validation split; every validation split of the study has an entry.
    public var splits: [String: SplitFindings]

    /// The runs that have been trained.
    public var finished: [RunFindings] { runs.filter { $0.run.evaluations.contains { $0.step > 0 } } }
    public var hasRun: Bool { !finished.isEmpty || runs.contains { !$0.history.steps.isEmpty } }

    /// What a comparison takes: each run's token losses on a split at the end.
    public func seeded(on split: String) -> [SeededLosses] {
        runs.compactMap { run in run.tokenLosses[split].map { SeededLosses(seed: run.run.seed, losses: $0) } }
    }

    /// The mean of a quantity over the runs that have been trained; `nil` where none has it.
    func mean(_ value: (RunFindings) -> Double?) -> Double? {
        let values = finished.compactMap(value)
        return values.isEmpty ? nil : values.reduce(0, +) / Double(values.count)
    }
}

/// One arm under one seed.
public struct RunFindings: Sendable {
    public var run: StudyRecord.Run
    public var history: MetricsHistory
    /// At the end, by validation split.
    public var tokenLosses: [String: TokenLosses]
    /// The paper's categories over the run's checkpoints, by validation split; without those the study kept no losses for.
    public var categories: [String: TokenCategories]

    /// The evaluations on a split by ascending tokens: the run's own, or those of the record where the run left none.
    func curve(on split: String) -> [EvaluationRecord] {
        let own = history.evaluations(on: split)
        return (own.isEmpty ? run.evaluations.filter { $0.split == split } : own).sorted { $0.tokensSeen < $1.tokensSeen }
    }
}

/// One arm on one validation split, over its seeds.
public struct SplitFindings: Sendable {
    /// Before the first step, under the smallest seed.
    public var start: EvaluationRecord?
    /// Mean losses at the end, one a finished run.
    public var losses: [Double] = []
    /// Against the baseline at the end; `nil` for the baseline itself and where token losses are missing.
    public var difference: PairedDifference?
    /// Against the baseline's run with the same seed, one a seed that both have; of a null arm, against every run.
    public var buckets: [TokenBuckets] = []
    /// The same over seeds, with intervals and the null; `nil` where no seed is common.
    public var movement: BucketMovement?

    /// Over the seeds.
    public var loss: Double? { losses.isEmpty ? nil : losses.reduce(0, +) / Double(losses.count) }

    /// Standard deviation over the seeds; `nil` of fewer than two.
    public var seedDeviation: Double? { (try? SeedSummary(losses))?.standardDeviation }
}
