import Corpora
import Experiments
import Foundation
import RunRecords
import Testing
import Training

/// Seeds, warm starts, and arms that are to equal another.
@Suite struct StudyControlsTests {
    private func finished(_ tiny: TinyStudy) throws -> StudyRecord {
        #expect(try tiny.runner(in: "study", tiny.controlled)() == .finished)
        return try StudyRecord.read(from: tiny.folder.file("study"))
    }

    @Test func everySeedHasItsOwnOrderAndTheSameStart() async throws {
        let tiny = try await TinyStudy()
        let record = try finished(tiny)
        let clm = record.arms[0]
        #expect(clm.runs.map(\.seed) == [0, 3])
        #expect(clm.runs.map(\.directory) == ["clm/seed-0", "clm/seed-3"])
        #expect(clm.runs.map(\.adapterSeed) == [0, 0])
        #expect(clm.runs[0].start(on: "held-out")!.loss == clm.runs[1].start(on: "held-out")!.loss)
        #expect(try tiny.history("study", "clm/seed-0").steps[0].loss != tiny.history("study", "clm/seed-3").steps[0].loss)
        // Arms of a seed see the same blocks.
        #expect(try tiny.history("study", "topk/seed-3").steps[0].loss == tiny.history("study", "clm/seed-3").steps[0].loss)
        let roles = Dictionary(uniqueKeysWithValues: record.arms.map { ($0.name, $0.role) })
        #expect(roles["drawn-otherwise"] == .null)
        #expect(roles["continued"] == .control && roles["twice"] == .control && roles["topk"] == .selection)
        #expect(record.arms.last?.runs[0].adapterSeed == 7)
    }

    @Test func matchedArmsCostWhatTheyAreMatchedTo() async throws {
        let tiny = try await TinyStudy()
        let record = try finished(tiny)
        let arms = Dictionary(uniqueKeysWithValues: record.arms.map { ($0.name, $0) })
        let (clm, topk) = (arms["clm"]!, arms["topk"]!)
        // 15 steps of 30 predicted tokens, of which 15 were selected: 225 tokens are 7.5 steps, 8 whole ones.
        #expect(arms["same-selected"]!.runs.map(\.tokens) == [240, 240])
        #expect(topk.runs.map(\.selectedTokens) == [225, 225])
        #expect(arms["twice"]!.runs.map(\.tokens) == [2 * clm.runs[0].tokens])
        // What the reference cost is charged, so the control trains for longer than the arm.
        let (charged, matched) = (topk.runs[1], arms["same-seconds"]!.runs[0])
        #expect(charged.referenceTrainingSeconds > 0 && charged.referenceScoringSeconds > 0)
        let speed = Double(clm.runs[1].tokens) / clm.runs[1].trainingSeconds
        #expect(abs(Double(matched.tokens) - charged.chargedSeconds * speed) <= 15 + 1e-6)
        #expect(charged.chargedSeconds > charged.trainingSeconds)
        #expect(clm.runs.allSatisfy { $0.referenceTrainingSeconds == 0 && $0.referenceScoringSeconds == 0 })
        // Every seed's blocks are scored, and charged.
        #expect(topk.runs.allSatisfy { $0.referenceScoringSeconds > 0 })
    }

    @Test func aWarmStartIsTheEndOfWhatItGoesOnFrom() async throws {
        let tiny = try await TinyStudy()
        let record = try finished(tiny)
        let arms = Dictionary(uniqueKeysWithValues: record.arms.map { ($0.name, $0) })
        let continued = arms["continued"]!.runs
        #expect(continued.map(\.startAdapter) == ["clm/seed-0", "clm/seed-3"])
        #expect(continued.map(\.adapterSeed) == [nil, nil])
        for (run, before) in zip(continued, arms["clm"]!.runs) {
            #expect(run.start(on: "held-out")!.loss == before.end(on: "held-out")!.loss)
            #expect(run.start(on: "held-out")!.tokensSeen == 0)
            #expect(run.end(on: "held-out")!.loss < run.start(on: "held-out")!.loss)
        }
        #expect(arms["from-other"]!.runs[0].startAdapter == "reference/other")
        #expect(arms["topk"]!.referenceName == "other")
        #expect(record.referenceTokenLosses.keys.sorted() == ["base", "other"])
        for (name, splits) in record.referenceTokenLosses {
            let losses = try TokenLossFile.read(tiny.folder.file("study").appendingPathComponent(splits["held-out"]!))
            let start = arms[name == "base" ? "clm" : "from-other"]!.runs[0].start(on: "held-out")!
            #expect(abs(losses.mean - start.loss) < 1e-12, "\(name)")
        }
    }

    @Test func aReplayedArmIsItsOriginalUnderEverySeed() async throws {
        let tiny = try await TinyStudy()
        let record = try finished(tiny)
        let arms = Dictionary(uniqueKeysWithValues: record.arms.map { ($0.name, $0) })
        for seed in [0, 3] {
            let original = try tiny.adapter("study", "topk/seed-\(seed)")
            #expect(try tiny.adapter("study", "replayed/seed-\(seed)") == original)
            #expect(try tiny.adapter("study", "shuffled/seed-\(seed)") != original)
        }
        #expect(arms["shuffled"]!.runs.map(\.selectedTokens) == arms["topk"]!.runs.map(\.selectedTokens))
        #expect(arms["replayed"]!.role == .selection && arms["replayed"]!.label == "topk's tokens")
        #expect(arms["shuffled"]!.role == .control && arms["shuffled"]!.label == "as many elsewhere")
    }

    @Test func theCourseOfEveryRunIsKept() async throws {
        let tiny = try await TinyStudy()
        let arms = Dictionary(uniqueKeysWithValues: try finished(tiny).arms.map { ($0.name, $0.runs[0]) })
        #expect(arms["clm"]!.checkpoints.map(\.step) == [0, 10, 15])
        #expect(arms["twice"]!.checkpoints.map(\.step) == [0, 10, 20, 30])
        for name in ["clm", "twice", "continued", "from-other"] {
            let run = arms[name]!
            for checkpoint in run.checkpoints {
                let losses = try TokenLossFile.read(
                    tiny.folder.file("study").appendingPathComponent(checkpoint.tokenLosses["held-out"]!))
                let evaluation = run.evaluations.first { $0.step == checkpoint.step }!
                #expect(abs(losses.mean - evaluation.loss) < 1e-12, "\(name) after \(checkpoint.step)")
                #expect(checkpoint.tokensSeen == evaluation.tokensSeen)
            }
        }
        let selections = try SelectionLog.read(tiny.folder.file("study").appendingPathComponent(arms["topk"]!.selections!))
        #expect(selections.steps.map(\.step) == Array(1...15))
        let frequencies = try #require(arms["topk"]!.selectedByFrequency)
        #expect(frequencies.reduce(0) { $0 + $1.tokens } == arms["topk"]!.tokens)
        #expect(frequencies.reduce(0) { $0 + $1.selected } == arms["topk"]!.selectedTokens)
        let mixed = try #require(arms["mixture"]!.selectedByFrequency)
        #expect(mixed.reduce(0) { $0 + $1.tokens } == arms["mixture"]!.tokens)
    }

    /// With all weights trained the reference is a model of its own, and so is every arm.
    @Test func aReferenceOfFullWeightsJudges() async throws {
        let tiny = try await TinyStudy()
        let yaml = tiny.yaml.replacingOccurrences(of: "reference: base", with: "reference: reference/other")
        let study = try Study(yaml: yaml, overrides: ["base.adapter=none", "base.training.optimizer.learningRate=1.0e-3"])
        #expect(try StudyRunner(study, source: yaml, in: tiny.folder.file("study"))() == .finished)
        let record = try StudyRecord.read(from: tiny.folder.file("study"))
        for arm in record.arms {
            let run = arm.runs[0]
            #expect(run.adapter == nil && run.end(on: "held-out")!.loss < run.start(on: "held-out")!.loss, "\(arm.name)")
            #expect(FileManager.default.fileExists(atPath: tiny.folder.file("study/\(arm.name)/model/config.json").path))
        }
        // The reference is not the base, so that scores decide from the first step on.
        #expect(try tiny.history("study", "topk").steps.allSatisfy { !$0.tied })
        let null = try tiny.history("study", "null").steps[0], clm = try tiny.history("study", "clm").steps[0]
        #expect(null.loss != clm.loss)
    }

    @Test func aPlanReckonsWhatIsLeftAndWritesNothing() async throws {
        let tiny = try await TinyStudy()
        let folder = tiny.folder.file("study")
        let study = try Study(yaml: tiny.controlled)
        let before = try StudyPlan(study, in: folder, workspace: Workspace())
        #expect(!FileManager.default.fileExists(atPath: folder.path))
        let runs = Dictionary(uniqueKeysWithValues: before.runs.map { ($0.name, $0) })
        #expect(before.runs.map(\.name) == study.matrix.map(\.name) && before.unfinished.count == before.runs.count)
        #expect(runs["clm/seed-0"]!.steps == 15 && runs["clm/seed-0"]!.tokens == 480)
        #expect(runs["same-selected/seed-0"]!.steps == 8 && runs["same-selected/seed-0"]!.isExpected)
        #expect(runs["twice/seed-0"]!.steps == 30)
        // 15 steps, 0.4 of that for scoring, and the reference's 15.
        #expect(runs["same-seconds/seed-3"]!.steps == 36)
        // Each data order is scored once; evaluations are of the middle and the end, and the first run measures the start.
        #expect(before.runs.filter { $0.scoringTokens > 0 }.map(\.name) == ["topk/seed-0", "topk/seed-3"])
        #expect(runs["topk/seed-0"]!.evaluationTokens == 2 * 640 && runs["reference/other"]!.evaluationTokens == 3 * 640)
        #expect(before.runs.allSatisfy { $0.operations > 0 && $0.bytes > 0 })
        #expect(runs["twice/seed-0"]!.operations > 1.6 * runs["clm/seed-0"]!.operations)
        let speed = StudySpeed(rate: 100)
        #expect(abs(speed.seconds(of: runs["topk/seed-0"]!) - (480 + 0.4 * (480 + 1280)) / 100) < 1e-9)

        _ = try finished(tiny)
        let after = try StudyPlan(study, in: folder, workspace: Workspace())
        #expect(after.unfinished.isEmpty && after.units == 0)
        #expect(after.runs.allSatisfy { !$0.isExpected })
        let measured = try StudySpeed(measuring: study, workspace: Workspace(), steps: 1)
        #expect(measured.trainedTokensPerSecond > 0 && measured.forwardTokensPerSecond > 0)
    }

    /// Two arms share a reference's scores, unless one has them computed otherwise or of another text.
    @Test func scoresOfAnotherPrecisionOrTextAreReckonedOnTheirOwn() async throws {
        let tiny = try await TinyStudy()
        let selection = "selection: {policy: topK, score: excessLoss, reference: base, ratio: 0.3}"
        let yaml =
            tiny.yaml + "\n  - {name: again, \(selection)}\n  - {name: int8, \(selection), compute.reference: int8}"
            + "\n  - {name: mixed, \(selection), data.train: {mixture: {\(tiny.corpus): 1, \(tiny.otherCorpus): 1}}}"
        let plan = try StudyPlan(Study(yaml: yaml), in: tiny.folder.file("study"), workspace: Workspace())
        #expect(plan.runs.filter { $0.scoringTokens > 0 }.map(\.name) == ["topk", "drawn", "int8", "mixed"])
    }

    @Test func aMixtureIsTrainedOnInItsShares() async throws {
        let tiny = try await TinyStudy()
        _ = try finished(tiny)
        let manifest = try RunManifest.read(from: tiny.folder.file("study/mixture/seed-0/manifest.json"))
        let hashes = try [tiny.corpus, tiny.otherCorpus].map { try PreparedCorpus(URL(fileURLWithPath: $0)).train.contentHash }
        #expect(manifest.dataHashes["train"] == hashes.joined(separator: "+"))
        // Of 15 steps of two blocks, every third block is of the other corpus: the first comes third.
        let (mixed, plain) = (try tiny.history("study", "mixture/seed-0"), try tiny.history("study", "clm/seed-0"))
        #expect(mixed.steps[0].loss != plain.steps[0].loss)
        #expect(mixed.steps.count == plain.steps.count)
    }

    /// What a kill leaves is what is on disk at that moment: a copy of the folder, taken while the study runs.
    @Test func aKilledStudyGoesOnFromWhatItLeft() async throws {
        let tiny = try await TinyStudy()
        let runner = try tiny.runner(in: "study", tiny.controlled)
        var (reports, kills, failures) = (0, 0, [any Error]())
        func kill() {
            do {
                try FileManager.default.copyItem(at: tiny.folder.file("study"), to: tiny.folder.file("killed-\(kills)"))
                kills += 1
            } catch { failures.append(error) }
        }
        runner.onProgress = { _ in
            reports += 1
            if [2, 40, 90, 200].contains(reports) { kill() }
        }
        // Between the seeds too: the last run of seed 0 is finished.
        runner.onFinishedRun = { name, _ in if name == "drawn-otherwise/seed-0" { kill() } }
        #expect(try runner() == .finished)
        #expect(failures.isEmpty && kills == 5)
        for killed in 0..<kills {
            let again = try tiny.runner(in: "killed-\(killed)", tiny.controlled)
            #expect(try again() == .finished)
            for run in [
                "reference/other", "clm/seed-0", "topk/seed-0", "same-selected/seed-3", "continued/seed-3", "mixture/seed-0",
            ] {
                #expect(try tiny.adapter("killed-\(killed)", run) == tiny.adapter("study", run), "\(run) after kill \(killed)")
            }
        }
    }

    @Test func aStudyWithControlsGoesOnAfterEveryStop() async throws {
        let tiny = try await TinyStudy()
        _ = try finished(tiny)
        var moves = 0
        let stops = try tiny.runInParts("parts", tiny.controlled, patience: 40) {
            // The folder is moved away and back under another inode, as a copy would be.
            try FileManager.default.copyItem(at: tiny.folder.file("parts"), to: tiny.folder.file("copy"))
            try FileManager.default.removeItem(at: tiny.folder.file("parts"))
            try FileManager.default.moveItem(at: tiny.folder.file("copy"), to: tiny.folder.file("parts"))
            moves += 1
        }
        #expect((4..<100).contains(stops) && moves == stops)
        for run in [
            "clm/seed-0", "topk/seed-3", "same-selected/seed-3", "continued/seed-3", "from-other/seed-0", "mixture/seed-0",
        ] {
            #expect(try tiny.adapter("parts", run) == tiny.adapter("study", run), "\(run)")
        }
        let record = try StudyRecord.read(from: tiny.folder.file("parts"))
        #expect(record.arms.allSatisfy { $0.runs.allSatisfy { $0.end(on: "held-out") != nil } })
        #expect(record.arms[1].runs.allSatisfy { $0.referenceScoringSeconds > 0 })
    }
}
