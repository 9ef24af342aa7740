import Analysis
import Foundation
import Reporting
import RunRecords
import Testing

@Suite struct StudyFindingsTests {
    @Test func everyArmIsComparedOnEverySplit() throws {
        let directory = try TemporaryDirectory()
        try StudyFixture(directory: directory.url).write()
        let findings = try StudyFindings(directory: directory.url)
        #expect(findings.arms.count == 9)
        #expect(findings.contradictions.isEmpty)
        #expect(findings.gaps.isEmpty)
        for arm in findings.arms where arm.arm.role != .baseline {
            for (name, split) in arm.splits {
                let difference = try #require(split.difference)
                let plan = try #require(StudyFixture.defaultArms.first { $0.name == arm.arm.name })
                // Forty-eight blocks with a shift of 0.02 nats each: a standard error of 0.003.
                #expect(abs(difference.difference - (name == "noisy" ? plan.penalty.0 : plan.penalty.1)) < 0.02)
                #expect(abs(try #require(split.buckets).meanChange - difference.difference) < 1e-9)
            }
        }
        let cosines = try #require(findings.cosines)
        #expect(cosines.labels.count == 9)
        #expect(try #require(cosines.values[0][1].adapter) > 0.99)
        #expect(try #require(cosines.values[0][8].effective) < 0.9)
        #expect(cosines.values[2][5] == cosines.values[5][2])
    }

    @Test func anArmThatHasNotRunIsAGapNotAnError() throws {
        let directory = try TemporaryDirectory()
        var record = try StudyFixture(directory: directory.url).write()
        record.arms.append(
            .init(
                name: "later", label: "later arm", role: .selection, policy: "topK", ratio: 0.7,
                runs: [.init(seed: 1, directory: "later")]))
        record.arms.removeAll { $0.role == .null }
        try record.write(to: directory.url)
        let findings = try StudyFindings(directory: directory.url)
        #expect(findings.gaps.contains { $0.hasPrefix("later arm has not been run") })
        #expect(findings.gaps.contains { $0.contains("no null arm") })
    }

    /// The published replication's fault: token losses of unshifted labels, whose mean isn't the evaluation's.
    @Test func tokenLossesThatContradictTheEvaluationAreSaid() throws {
        let directory = try TemporaryDirectory()
        let record = try StudyFixture(directory: directory.url).write()
        let file = directory.url.appendingPathComponent(try #require(record.arms[2].runs[0].tokenLosses["noisy"]))
        var losses = try TokenLossFile.read(file)
        losses.losses = losses.losses.map { $0 + 8.9 }
        try TokenLossFile.write(losses, to: file)
        let findings = try StudyFindings(directory: directory.url)
        #expect(findings.contradictions.count == 1)
        #expect(findings.contradictions.first?.hasPrefix("top-k 0.5 on held-out manual pages") == true)
    }

    @Test func aStudyWithoutArmsIsAnError() throws {
        let directory = try TemporaryDirectory()
        try StudyFixture(directory: directory.url, arms: []).write()
        #expect(throws: ReportError.noArms(directory.url.path)) { try StudyFindings(directory: directory.url) }
    }
}
