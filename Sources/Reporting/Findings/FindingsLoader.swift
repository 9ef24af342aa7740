import Analysis
import Foundation
import RunRecords

/// Reads what a study left on disk, arm by arm, and remembers what was missing.
struct FindingsLoader {
    let record: StudyRecord
    let directory: URL
    private(set) var gaps: [String] = []
    private(set) var contradictions: [String] = []
    /// The baseline's token losses by split, which every arm is compared with.
    private var baselineLosses: [String: TokenLosses] = [:]

    /// Nats that the mean of a token-loss file may be off the evaluation of the same weights.
    ///
    /// Summation order explains less than 1e-4. Labels that are not shifted are off by several nats.
    private static let tolerance = 1e-3

    init(record: StudyRecord, directory: URL) {
        (self.record, self.directory) = (record, directory)
        if record.baseline == nil {
            gaps.append("The study has no baseline arm, so nothing is compared.")
        }
        if !record.arms.contains(where: { $0.role == .null }) {
            gaps.append(
                """
                There is no null arm (the baseline again in another data order), so what chance alone does to bucket movement \
                and cosines is not measured here.
                """)
        }
    }

    mutating func findings(of arm: StudyRecord.Arm) throws -> ArmFindings {
        let metrics = RunDirectory(directory.appendingPathComponent(arm.runs[0].directory)).metrics
        var history = MetricsHistory([])
        if FileManager.default.fileExists(atPath: metrics.path) {
            history = try MetricsLog.read(metrics)
        } else {
            gaps.append("\(arm.label) has not been run, or its \(RunDirectory.metricsName) is missing.")
        }
        var splits: [String: SplitFindings] = [:]
        for split in record.validationSplits {
            splits[split.name] = try findings(of: arm, on: split)
        }
        return ArmFindings(arm: arm, history: history, splits: splits)
    }

    private mutating func findings(of arm: StudyRecord.Arm, on split: StudyRecord.Split) throws -> SplitFindings {
        var findings = SplitFindings(start: arm.runs[0].start(on: split.name), end: arm.runs[0].end(on: split.name))
        guard let path = arm.runs[0].tokenLosses[split.name] else {
            if findings.end != nil { gaps.append("\(arm.label) has no token losses on \(split.label).") }
            return findings
        }
        let losses = try TokenLossFile.read(directory.appendingPathComponent(path))
        check(losses, of: arm, on: split, against: findings.end)
        guard arm.role != .baseline, let baseline = try baselineLosses(on: split) else { return findings }
        findings.difference = try BlockBootstrap(baseline: baseline, variant: losses)
        findings.buckets = try TokenBuckets(baseline: baseline, variant: losses)
        return findings
    }

    private mutating func baselineLosses(on split: StudyRecord.Split) throws -> TokenLosses? {
        if let losses = baselineLosses[split.name] { return losses }
        guard let path = record.baseline?.runs[0].tokenLosses[split.name] else { return nil }
        let losses = try TokenLossFile.read(directory.appendingPathComponent(path))
        baselineLosses[split.name] = losses
        return losses
    }

    private mutating func check(
        _ losses: TokenLosses, of arm: StudyRecord.Arm, on split: StudyRecord.Split, against end: EvaluationRecord?
    ) {
        guard let end, let summary = try? LossSummary(losses), !(abs(summary.loss - end.loss) <= Self.tolerance) else { return }
        contradictions.append(
            """
            \(arm.label) on \(split.label): the token losses have the mean \(NumberText.loss(summary.loss)), the evaluation says \
            \(NumberText.loss(end.loss)). One of the two is not of these weights or these tokens.
            """)
    }

    func cosines(of arms: [StudyRecord.Arm]) throws -> CosineMatrix? {
        let directions = try arms.compactMap { arm in
            try arm.runs[0].adapter.map { adapter in
                try UpdateDirection(
                    LowRankUpdate(name: arm.label, folder: directory.appendingPathComponent(adapter)),
                    start: arm.runs[0].startAdapter.map {
                        try LowRankUpdate(name: $0, folder: directory.appendingPathComponent($0))
                    })
            }
        }
        return directions.count > 1 ? try CosineMatrix(directions) : nil
    }
}
