import Analysis
import Foundation
import Reporting
import RunRecords
import Testing

@Suite struct StudyFindingsTests {
    @Test func everyArmIsComparedOnEverySplitOverItsSeeds() throws {
        let directory = try TemporaryDirectory()
        try StudyFixture(directory: directory.url).write()
        let findings = try StudyFindings(directory: directory.url)
        #expect(findings.arms.map(\.arm.name) == StudyFixture.defaultArms.map(\.name))
        #expect(findings.contradictions.isEmpty, "\(findings.contradictions)")
        #expect(findings.gaps.isEmpty, "\(findings.gaps)")
        for arm in findings.arms where arm.arm.role != .baseline {
            let plan = try #require(StudyFixture.defaultArms.first { $0.name == arm.arm.name })
            for (name, split) in arm.splits {
                let difference = try #require(split.difference)
                #expect(difference.seeds == plan.seeds.count)
                #expect(difference.coversTraining == (plan.seeds.count > 1))
                // A run's own shift has a standard deviation of 0.003, both arms have one, and losses end at zero.
                #expect(abs(difference.difference - (name == "noisy" ? plan.penalty.0 : plan.penalty.1)) < 0.02)
                #expect(split.losses.count == plan.seeds.count)
                let buckets = try #require(split.buckets.first)
                #expect(abs(buckets.meanChange - difference.difference) < 0.02)
            }
        }
        #expect(findings.arms[0].splits["noisy"]?.difference == nil)
    }

    @Test func theNullsStandBesideCosinesAndMovement() throws {
        let directory = try TemporaryDirectory()
        try StudyFixture(directory: directory.url).write()
        let findings = try StudyFindings(directory: directory.url)
        let nulls = try #require(findings.cosineNulls)
        #expect(nulls.otherOrder.effective?.seeds == 3)
        #expect(nulls.otherStart.effective?.seeds == 3)
        // One initialisation brings the raw cosine to 1 and two bring both to 0, whatever was learned.
        #expect(try #require(nulls.otherOrder.adapter).mean > 0.99)
        #expect(try #require(nulls.otherStart.effective).mean < 0.3)
        let movement = try #require(findings.arms[2].splits["noisy"]?.movement)
        // Two other seeds and a null arm for each of three baselines.
        #expect(movement.highToLow.null?.seeds == 9)
        #expect(try #require(movement.net.beyondNull).upperBound < 0)
    }

    @Test func lossesArePartedAsTheScoreParts() throws {
        let directory = try TemporaryDirectory()
        try StudyFixture(directory: directory.url).write()
        let findings = try StudyFindings(directory: directory.url)
        // The base as a reference says nothing of a study that starts from it; the curated one parts both splits.
        #expect(findings.parts.map(\.reference) == ["curated", "curated"])
        let parts = try #require(findings.parts.first)
        let share = Double(parts.tokens.selected.count { $0 }) / Double(StudyFixture.blocks * (StudyFixture.positions - 1))
        #expect(abs(share - 0.6) < 0.001)
        let arm = try #require(parts.arms["topk-0.6-curated"])
        let whole = try #require(findings.arms[6].splits[parts.split.name]?.loss)
        #expect(abs(share * arm.selected + (1 - share) * arm.unselected - whole) < 1e-6)
        #expect(parts.arms["clm"]?.selectedDifference == nil)
    }

    @Test func selectionsAreComparedBlockByBlock() throws {
        let directory = try TemporaryDirectory()
        try StudyFixture(directory: directory.url).write()
        let findings = try StudyFindings(directory: directory.url)
        // Ten pairs of five selection arms, each over ten steps of four blocks.
        #expect(findings.overlaps.count == 10)
        #expect(findings.overlaps.allSatisfy { $0.overlap.visits == 40 && $0.overlap.jaccard > $0.overlap.expected })
        let topK = try #require(findings.selections["topk-0.3"])
        #expect(topK.byDecile?.first == 0)
        #expect(try #require(topK.byDecile?.last) > 0.99)
        let positions = try #require(topK.byPosition)
        #expect(positions[0].tokens == 0 && positions[1].tokens == 3 * 40)
        #expect(topK.byFrequency?[3] == SelectionShare(tokens: 3 * 120, selected: 3 * 35))
        // The last two steps see the first blocks again.
        #expect(topK.stability?.visits == 8)
        #expect(findings.selections["clm"] == nil)
    }

    @Test func aClaimIsJudgedByItsIntervalAlone() throws {
        let directory = try TemporaryDirectory()
        try StudyFixture(directory: directory.url).write()
        let findings = try StudyFindings(directory: directory.url)
        let outcomes = Dictionary(uniqueKeysWithValues: findings.verdicts.map { ($0.claim.id, $0.outcome) })
        #expect(outcomes["target-falls"] == .holds)
        #expect(outcomes["cheap"] == .doesNotHold)
        #expect(outcomes["stochastic"] == .undecided)
        // However clear the interval, it is over one reference.
        #expect(outcomes["champ"] == .undecided)
        let champ = try #require(findings.verdicts.first { $0.claim.id == "champ" })
        #expect(abs(champ.estimate! + 0.32) < 1e-9 && abs(champ.upperBound! + 0.30) < 1e-9)
        #expect(outcomes["later"] == .notTested("this study has no arm self-0.6"))
        #expect(
            findings.summary.contains {
                $0.contains("1 held up, 1 not; undecided at this budget: 2; not tested by this study: 1")
            })
    }

    @Test func whatIsUndecidedIsCalledSo() throws {
        let directory = try TemporaryDirectory()
        try StudyFixture(directory: directory.url) { $0.arms[6].penalty = (0.05, 0.0005) }.write()
        let summary = try StudyFindings(directory: directory.url).summary
        #expect(summary.count >= 5)
        let main = try #require(summary.first { $0.hasPrefix("Top-k 0.6, curated reference ends") })
        #expect(main.contains("on held-out tutorials undecided against CLM"))
        #expect(main.contains("nats above CLM (95 % interval"))
    }

    @Test func anArmThatHasNotRunIsAGapNotAnError() throws {
        let directory = try TemporaryDirectory()
        var record = try StudyFixture(directory: directory.url) { $0.arms[0].seeds = [0] }.write()
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

    @Test func anArmThatFailedSaysWhy() throws {
        let directory = try TemporaryDirectory()
        var record = try StudyFixture(directory: directory.url).write()
        var run = StudyRecord.Run(seed: 1, directory: "wild/seed-1")
        run.failure = "10 steps in a row could not be taken"
        let wild = StudyRecord.Arm(
            name: "wild", label: "wild arm", role: .selection, policy: "topK", ratio: 0.7,
            runs: [.init(seed: 0, directory: "wild/seed-0"), run])
        record.arms.append(wild)
        try record.write(to: directory.url)
        let findings = try StudyFindings(directory: directory.url)
        #expect(findings.gaps.contains { $0.hasPrefix("wild arm, seed 1 failed") }, "\(findings.gaps)")
        #expect(findings.gaps.contains { $0.hasPrefix("wild arm has not been run under seed 0,") }, "\(findings.gaps)")
        let library = try PlottingLibrary(PlottingLibrary.location())
        let page = try String(contentsOf: StudyReport(findings).write(to: directory.url, library: library), encoding: .utf8)
        let says = page.contains("wild arm<span class=\"note\">Seed 1 failed: 10 steps in a row could not be taken.</span>")
        #expect(says)
    }

    @Test func aDamagedFileIsAGapThatNamesIt() throws {
        let directory = try TemporaryDirectory()
        let record = try StudyFixture(directory: directory.url).write()
        for path in [try #require(record.arms[2].runs[1].tokenLosses["noisy"]), GroundTruthRecord.fileName, "viewer-noisy.json"] {
            try Data("no".utf8).write(to: directory.url.appendingPathComponent(path))
        }
        let findings = try StudyFindings(directory: directory.url)
        #expect(findings.gaps.contains { $0.hasPrefix("top-k 0.5, seed 1 on held-out manual pages: ") }, "\(findings.gaps)")
        #expect(findings.gaps.contains { $0.contains(GroundTruthRecord.fileName) })
        #expect(findings.gaps.contains { $0.contains("viewer-noisy.json") })
        #expect(findings.arms[2].splits["noisy"]?.difference?.seeds == 2)
        #expect(findings.pages.map(\.split.name) == ["curated"])
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
        #expect(findings.contradictions.first?.hasPrefix("top-k 0.5, seed 0 on held-out manual pages") == true)
    }

    @Test func aStudyWithoutArmsIsAnError() throws {
        let directory = try TemporaryDirectory()
        try StudyFixture(directory: directory.url) { $0.arms = [] }.write()
        #expect(throws: ReportError.noArms(directory.url.path)) { try StudyFindings(directory: directory.url) }
    }
}
