import Analysis
import Foundation
import RunRecords

/// A study with everything computed that its report shows.
///
/// Only what the record points at is read. What a study doesn't have (an arm that hasn't run, a split without token losses)
/// is listed in `gaps`, and what contradicts itself in `contradictions`, so that the report can say so.
public struct StudyFindings: Sendable {
    public var record: StudyRecord
    /// In the record's order.
    public var arms: [ArmFindings]
    /// Between every two arms that trained an adapter; `nil` where there are fewer than two.
    public var cosines: CosineMatrix?
    public var gaps: [String]
    public var contradictions: [String]

    public var baseline: ArmFindings? { arms.first { $0.arm.role == .baseline } }

    /// Reads the study in `directory`.
    public init(directory: URL) throws {
        let record = try StudyRecord.read(from: directory)
        guard !record.arms.isEmpty else { throw ReportError.noArms(directory.path) }
        var loader = FindingsLoader(record: record, directory: directory)
        self.record = record
        arms = try record.arms.map { try loader.findings(of: $0) }
        cosines = try loader.cosines(of: record.arms)
        gaps = loader.gaps
        contradictions = loader.contradictions
    }
}

/// One arm and what was found of it.
public struct ArmFindings: Sendable {
    public var arm: StudyRecord.Arm
    public var history: MetricsHistory
    /// By validation split; every validation split of the study has an entry.
    public var splits: [String: SplitFindings]

    public var hasRun: Bool { !history.steps.isEmpty || splits.values.contains { $0.end != nil } }
}

/// One arm on one validation split.
public struct SplitFindings: Sendable {
    public var start: EvaluationRecord?
    public var end: EvaluationRecord?
    /// Against the baseline arm at the end; `nil` for the baseline itself and where token losses are missing.
    public var difference: BlockBootstrap?
    public var buckets: TokenBuckets?
}
