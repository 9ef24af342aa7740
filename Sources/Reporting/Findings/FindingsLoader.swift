import Analysis
import Foundation
import RunRecords

/// Reads what a study left on disk and remembers what was missing. Nothing that is missing or damaged stops a report.
struct FindingsLoader {
    let record: StudyRecord
    let directory: URL
    /// Whether an adapter that a run began from is read where it lies outside `directory`.
    let followsOutside: Bool
    var gaps: [String] = []
    private(set) var contradictions: [String] = []

    /// Nats that the mean of a token-loss file may be off the evaluation of the same weights.
    ///
    /// Summation order explains less than 1e-4. Labels that are not shifted are off by several nats.
    private static let tolerance = 1e-3

    init(record: StudyRecord, directory: URL, followsOutside: Bool) {
        (self.record, self.directory, self.followsOutside) = (record, directory, followsOutside)
        if record.baseline == nil {
            gaps.append("The study has no baseline arm, so nothing is compared.")
        }
        if !record.arms.contains(where: { $0.role == .null }), (record.baseline?.runs.count ?? 0) < 2 {
            gaps.append(
                """
                There is no null arm (the baseline again in another data order) and one seed, so what chance alone does to \
                losses, bucket movement and cosines is not measured here.
                """)
        }
    }

    mutating func arms() -> [ArmFindings] {
        var arms = record.arms.map { arm in
            ArmFindings(arm: arm, runs: arm.runs.map { findings(of: $0, in: arm) }, splits: [:])
        }
        for arm in arms where arm.finished.count < arm.runs.count {
            let unfinished = arm.runs.filter { run in !arm.finished.contains { $0.run.seed == run.run.seed } }
            for failed in unfinished where failed.run.failure != nil {
                gaps.append(
                    "\(name(of: failed.run, in: arm.arm)) failed, so nothing is compared with it; its line in the table says why."
                )
            }
            let missing = unfinished.filter { $0.run.failure == nil }
            guard !missing.isEmpty else { continue }
            let seeds = arm.runs.count > 1 ? " under seed \(missing.map { String($0.run.seed) }.joined(separator: ", "))" : ""
            gaps.append("\(arm.arm.label) has not been run\(seeds), or its \(RunDirectory.metricsName) is missing.")
        }
        let baseline = arms.first { $0.arm.role == .baseline }
        let nulls = arms.filter { $0.arm.role == .null }
        for index in arms.indices {
            for split in record.validationSplits {
                arms[index].splits[split.name] = findings(of: arms[index], on: split, baseline, nulls)
            }
        }
        return arms
    }

    /// What `body` gives; where it throws, a gap that says so.
    mutating func attempt<Found>(_ what: String, _ body: () throws -> Found) -> Found? {
        do { return try body() } catch {
            gaps.append("\(what): \(error)")
            return nil
        }
    }

    mutating func losses(_ path: String, _ what: String) -> TokenLosses? {
        attempt(what) { [directory] in try TokenLossFile.read(directory.appendingPathComponent(path)) }
    }

    // MARK: A run

    private func name(of run: StudyRecord.Run, in arm: StudyRecord.Arm) -> String {
        arm.runs.count > 1 ? "\(arm.label), seed \(run.seed)" : arm.label
    }

    private mutating func findings(of run: StudyRecord.Run, in arm: StudyRecord.Arm) -> RunFindings {
        let name = name(of: run, in: arm)
        let metrics = RunDirectory(directory.appendingPathComponent(run.directory)).metrics
        var findings = RunFindings(run: run, history: MetricsHistory([]), tokenLosses: [:], categories: [:])
        if FileManager.default.fileExists(atPath: metrics.path) {
            findings.history = attempt(name) { try MetricsLog.read(metrics) } ?? findings.history
        }
        for split in record.validationSplits {
            guard let path = run.tokenLosses[split.name] else {
                if run.end(on: split.name) != nil { gaps.append("\(name) has no token losses on \(split.label).") }
                continue
            }
            guard let losses = losses(path, "\(name) on \(split.label)") else { continue }
            check(losses, name, split, against: run.end(on: split.name))
            findings.tokenLosses[split.name] = losses
            findings.categories[split.name] = categories(of: run, name, split)
        }
        return findings
    }

    private mutating func categories(of run: StudyRecord.Run, _ name: String, _ split: StudyRecord.Split) -> TokenCategories? {
        let kept = run.checkpoints.filter { $0.tokenLosses[split.name] != nil }.sorted { $0.step < $1.step }
        guard kept.count > 1 else { return nil }
        let losses = kept.compactMap { self.losses($0.tokenLosses[split.name]!, "\(name), step \($0.step), \(split.label)") }
        guard losses.count == kept.count else { return nil }
        return attempt("Categories of \(name) on \(split.label)") {
            try TokenCategories(checkpoints: losses, at: kept.map { Double($0.tokensSeen) })
        }
    }

    private mutating func check(
        _ losses: TokenLosses, _ name: String, _ split: StudyRecord.Split, against end: EvaluationRecord?
    ) {
        guard let end, let summary = try? LossSummary(losses), !(abs(summary.loss - end.loss) <= Self.tolerance) else { return }
        contradictions.append(
            """
            \(name) on \(split.label): the token losses have the mean \(NumberText.loss(summary.loss)), the evaluation says \
            \(NumberText.loss(end.loss)). One of the two is not of these weights or these tokens.
            """)
    }

    // MARK: An arm

    private mutating func findings(
        of arm: ArmFindings, on split: StudyRecord.Split, _ baseline: ArmFindings?, _ nulls: [ArmFindings]
    ) -> SplitFindings {
        var findings = SplitFindings(
            start: arm.runs.lazy.compactMap { $0.run.start(on: split.name) }.first,
            losses: arm.finished.compactMap { $0.run.end(on: split.name)?.loss })
        guard arm.arm.role != .baseline, let base = baseline?.seeded(on: split.name), !base.isEmpty else { return findings }
        let own = arm.seeded(on: split.name)
        guard !own.isEmpty else { return findings }
        let what = "\(arm.arm.label) against the baseline on \(split.label)"
        findings.difference = attempt(what) { try PairedDifference(baseline: base, variant: own) }
        let pairs = own.flatMap { run in
            base.filter { $0.seed == run.seed || arm.arm.role == .null }.map { ($0.losses, run.losses) }
        }
        findings.buckets = attempt(what) { try pairs.map { try TokenBuckets(baseline: $0, variant: $1) } } ?? []
        if arm.arm.role != .null, own.contains(where: { run in base.contains { $0.seed == run.seed } }) {
            let others = nulls.flatMap { $0.seeded(on: split.name).map(\.losses) }
            findings.movement = attempt(what) { try BucketMovement(baseline: base, variant: own, others: others) }
        }
        return findings
    }
}
