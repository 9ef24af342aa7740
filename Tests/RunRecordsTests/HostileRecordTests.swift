import Foundation
import RunRecords
import Testing

/// Records as a stranger might forge them.
@Suite struct HostileRecordTests {
    private let directory = try! TemporaryDirectory()

    private func study(_ change: (inout StudyRecord.Run, inout StudyRecord) -> Void) throws {
        var run = StudyRecord.Run(seed: 0, directory: "clm")
        var record = StudyRecord(
            title: "Study", summary: "What.", recipe: "",
            model: .init(name: "m", hash: "", parameters: 1, trainableParameters: 1),
            splits: [], blockLength: 4, versions: [:], device: "cpu", threads: 1, startedAt: Date(timeIntervalSince1970: 0),
            arms: [])
        change(&run, &record)
        record.arms = [StudyRecord.Arm(name: "clm", label: "CLM", role: .baseline, policy: "all", runs: [run])]
        try record.write(to: directory.url)
    }

    private static let fields: [@Sendable (inout StudyRecord.Run, inout StudyRecord, String) -> Void] = [
        { run, _, path in run.directory = path }, { run, _, path in run.adapter = path },
        { run, _, path in run.selections = path }, { run, _, path in run.tokenLosses = ["noisy": path] },
        { run, _, path in run.checkpoints = [.init(step: 1, tokensSeen: 1, tokenLosses: ["noisy": path])] },
        { _, study, path in study.startTokenLosses = ["noisy": path] },
        { _, study, path in study.viewerTexts = ["noisy": path] },
        { _, study, path in study.referenceTokenLosses = ["base": ["noisy": path]] },
        { _, study, path in study.groundTruth = path },
    ]

    @Test(arguments: fields.indices, ["../x", "a/../../x", "/etc/passwd", "..", "", "x\0/y", "/\u{301}x", "../\u{301}x"])
    func noPathLeadsOutOfAStudy(field: Int, path: String) throws {
        try study { Self.fields[field](&$0, &$1, path) }
        let error = #expect(throws: RunRecordError.self) { try StudyRecord.read(from: directory.url) }
        #expect(error?.description.contains("not a path within the study's directory") == true)
    }

    /// What `winnow study` writes, and names that only look like ways out.
    @Test(arguments: fields.indices, ["clm/seed-0", "a..b", "..a/b", "./clm"])
    func pathsWithinAStudyAreRead(field: Int, path: String) throws {
        try study { Self.fields[field](&$0, &$1, path) }
        #expect(throws: Never.self) { try StudyRecord.read(from: directory.url) }
    }

    /// The user's own adapter may lie anywhere; whoever opens it asks first (`ReportingTests`).
    @Test func theStartMayLieOutside() throws {
        try study { run, _ in run.startAdapter = "../adapters/mine" }
        #expect(try StudyRecord.read(from: directory.url).arms[0].runs[0].startAdapter == "../adapters/mine")
        #expect(StudyRecord.leadsOut("../adapters/mine"))
    }

    @Test(arguments: [-1, Int.min, Int.max, 1 << 40 + 1]) func countsThatOverflowASumAreRefused(count: Int) throws {
        let changes: [(inout StudyRecord.Run) -> Void] = [
            { $0.tokens = count }, { $0.selectedTokens = count },
            { $0.selectedByFrequency = [.init(tokens: 0, selected: count)] },
            { $0.checkpoints = [.init(step: count, tokensSeen: 0, tokenLosses: [:])] },
            { $0.evaluations = [.init(step: 0, tokensSeen: 0, split: "a", loss: 1, tokens: count, seconds: 0)] },
        ]
        for change in changes {
            try study { run, _ in change(&run) }
            #expect(throws: RunRecordError.self) { try StudyRecord.read(from: directory.url) }
        }
        let line = MetricsLine.step(
            StepMetrics(
                step: 1, tokensSeen: 1, selectedTokensSeen: 1, validTokens: 1, selectedTokens: 1, loss: 1, selectedLoss: 1,
                gradientNorm: 1, learningRate: 1, selectedByScoreDecile: [count], seconds: 1))
        let log = try MetricsLog.create(at: directory.file("metrics.jsonl"))
        try log.append(line)
        let error = #expect(throws: RunRecordError.self) { try MetricsLog.read(log.url) }
        #expect(error?.description.contains("line 1: `selectedByScoreDecile` is \(count)") == true)
    }

    /// A report compares what a study holds in pairs.
    @Test func aStudyOfMoreThanAStudyHoldsIsRefused() throws {
        func refusal(_ change: (inout StudyRecord) -> Void) throws -> String? {
            try study { _, _ in }
            var record = try StudyRecord.read(from: directory.url)
            change(&record)
            try record.write(to: directory.url)
            do {
                _ = try StudyRecord.read(from: directory.url)
                return nil
            } catch { return "\(error)" }
        }
        let split = StudyRecord.Split(name: "a", label: "a", role: .validation, documents: 1, tokens: 1, hash: "", source: "")
        #expect(try refusal { $0.arms = Array(repeating: $0.arms[0], count: 256) } == nil)
        #expect(try refusal { $0.arms = Array(repeating: $0.arms[0], count: 257) }?.contains("`arms` has 257 entries") == true)
        #expect(
            try refusal { $0.arms[0].runs = Array(repeating: $0.arms[0].runs[0], count: 257) }?.contains("`runs` has 257") == true
        )
        #expect(try refusal { $0.splits = Array(repeating: split, count: 257) }?.contains("`splits` has 257") == true)
    }

    @Test(.timeLimit(.minutes(1)), arguments: ["pipe", "device"]) func noRecordIsReadForEver(kind: String) throws {
        let file = directory.file(kind)
        if kind == "pipe" {
            #expect(mkfifo(file.path, 0o600) == 0)
        } else {
            try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: "/dev/zero")
        }
        let refusal = RunRecordError.unreadable(file: file.path, reason: "it is not a regular file")
        #expect(throws: refusal) { try RunManifest.read(from: file) }
        #expect(throws: refusal) { try MetricsLog.read(file) }
        #expect(throws: refusal) { try SelectionLog.read(file) }
        #expect(throws: refusal) { try TokenTexts.read(from: file) }
    }

    @Test(.timeLimit(.minutes(1))) func aLogOfProbesIsReadInOnePass() {
        let probes = (0..<200_000).map {
            MetricsLine.probe(GradientProbe(step: $0 / 2, tokensSeen: 0, blocks: 1, cosine: nil, selectedNorm: 0, allNorm: 0))
        }
        #expect(MetricsHistory(probes).probes.map(\.step) == Array(0..<100_000))
    }
}
