import Experiments
import Foundation
import RunRecords
import Testing
import Training

@Suite struct StudyRunnerTests {
    private let runs = ["reference/other", "clm", "topk", "drawn", "null"]

    @Test func everyArmSharesTheStartAndTheBlocks() async throws {
        let tiny = try await TinyStudy()
        var lastProgress = StudyProgress()
        let runner = try tiny.runner(in: "study")
        runner.onProgress = { lastProgress = $0 }
        #expect(try runner() == .finished)

        let record = try StudyRecord.read(from: tiny.folder.file("study"))
        #expect(record.arms.map(\.name) == ["clm", "topk", "drawn", "null"])
        #expect(record.arms.map(\.role) == [.baseline, .selection, .selection, .null])
        #expect(Set(record.arms.map { $0.runs[0].start(on: "held-out")!.loss }).count == 1)
        #expect(record.arms.allSatisfy { $0.runs[0].end(on: "held-out")!.loss < $0.runs[0].start(on: "held-out")!.loss })
        // 15 steps of 2 blocks of 16 tokens, of which 15 a block are predicted.
        #expect(record.arms.allSatisfy { $0.runs[0].tokens == 15 * 2 * 15 })
        #expect(record.arms.map(\.runs[0].selectedTokens) == [450, 15 * 15, 15 * 9, 450])
        #expect(record.finishedAt != nil)
        // Blocks that come again in a later epoch are scored once, so a little of what was planned is never done.
        #expect((0.9...1.001).contains(lastProgress.done / lastProgress.total))

        // The same blocks in the same order: before the first step all arms have the same loss.
        let firstLosses = try ["clm", "topk", "drawn"].map { try tiny.history("study", $0).steps[0].loss }
        #expect(Set(firstLosses).count == 1)
        #expect(try tiny.history("study", "null").steps[0].loss != firstLosses[0])
        // A fresh adapter is its base: every excess is 0.
        #expect(try tiny.history("study", "topk").steps[0].tied)
        for arm in record.arms {
            let losses = try TokenLossFile.read(
                tiny.folder.file("study").appendingPathComponent(arm.runs[0].tokenLosses["held-out"]!))
            #expect(abs(losses.mean - arm.runs[0].end(on: "held-out")!.loss) < 1e-12)
        }
    }

    @Test func aStoppedStudyGoesOnToTheSameBits() async throws {
        let tiny = try await TinyStudy()
        #expect(try tiny.runner(in: "whole")() == .finished)
        let stops = try tiny.runInParts("parts")
        #expect((4..<100).contains(stops))
        for run in runs {
            #expect(try tiny.adapter("parts", run) == tiny.adapter("whole", run), "\(run)")
            let (parts, whole) = (try tiny.history("parts", run), try tiny.history("whole", run))
            #expect(parts.steps.map(\.loss) == whole.steps.map(\.loss), "\(run)")
            #expect(parts.steps.map(\.selectedLoss) == whole.steps.map(\.selectedLoss), "\(run)")
            #expect(parts.evaluations.map(\.loss) == whole.evaluations.map(\.loss), "\(run)")
        }
    }

    @Test func aStudyThatIsMovedBetweenTwoPartsGoesOn() async throws {
        let tiny = try await TinyStudy()
        #expect(try tiny.runner(in: "whole")() == .finished)
        let (here, there) = (tiny.folder.file("study"), tiny.folder.file("elsewhere/moved"))
        try FileManager.default.createDirectory(at: there.deletingLastPathComponent(), withIntermediateDirectories: true)
        let first = try tiny.runner(in: "study")
        var finished: [String] = []
        first.onFinishedRun = { name, _ in finished.append(name) }
        // Not before the third run, which needs the reference.
        first.shouldStop = { finished.count == 3 }
        #expect(try first() == .stopped)
        try FileManager.default.moveItem(at: here, to: there)
        let second = try tiny.runner(in: "elsewhere/moved")
        second.onFinishedRun = { name, _ in finished.append(name) }
        #expect(try second() == .finished)
        #expect(finished == runs)
        #expect(try tiny.adapter("elsewhere/moved", "drawn") == tiny.adapter("whole", "drawn"))
    }

    @Test func aFinishedArmIsNotRunAgain() async throws {
        let tiny = try await TinyStudy()
        #expect(try tiny.runner(in: "study")() == .finished)
        let runner = try tiny.runner(in: "study")
        var steps = 0
        runner.onProgress = { if $0.stage == .training { steps += 1 } }
        #expect(try runner() == .finished)
        #expect(steps == 0)
    }

    @Test func anotherRecipeIsRefused() async throws {
        let tiny = try await TinyStudy()
        #expect(try tiny.runner(in: "study")() == .finished)
        let changed = try Study(yaml: tiny.yaml, overrides: ["base.training.seed=9"])
        let runner = StudyRunner(changed, source: tiny.yaml, in: tiny.folder.file("study"))
        let error = #expect(throws: RunError.self) { try runner() }
        #expect("\(error!)".contains("--overwrite"))
    }

    /// Somebody may have gone on with an arm by `winnow train --resume`.
    @Test func aStudyIsNotClearedUnderOneOfItsRuns() async throws {
        let tiny = try await TinyStudy()
        #expect(try tiny.runner(in: "study")() == .finished)
        let (directory, study) = (tiny.folder.file("study"), try Study(yaml: tiny.yaml))
        let before = try FileManager.default.subpathsOfDirectory(atPath: directory.path)
        for run in ["drawn", "reference/other"] {
            let lock = try DirectoryLock(directory.appendingPathComponent(run))
            let error = #expect(throws: RunRecordError.self) { try StudyRunner.clear(directory, of: study) }
            #expect(error?.description.contains("\(run) is being worked in") == true)
            #expect(try FileManager.default.subpathsOfDirectory(atPath: directory.path) == before)
            withExtendedLifetime(lock) {}
        }
        // A run under a seed lies a folder deeper.
        let seed = directory.appendingPathComponent("drawn/seed-3")
        try FileManager.default.createDirectory(at: seed, withIntermediateDirectories: true)
        let lock = try DirectoryLock(seed)
        #expect(throws: RunRecordError.self) { try StudyRunner.clear(directory, of: study) }
        withExtendedLifetime(lock) {}
    }

    @Test func aStartThatWasMeasuredOtherwiseIsMeasuredAgain() async throws {
        let tiny = try await TinyStudy()
        #expect(try tiny.runner(in: "study")() == .finished)
        let (first, second) = (tiny.folder.file("study/start"), tiny.folder.file("other/start"))
        try FileManager.default.createDirectory(at: tiny.folder.file("other"), withIntermediateDirectories: true)
        try FileManager.default.copyItem(at: first, to: second)
        let shorter = try Study(yaml: tiny.yaml, overrides: ["base.training.evaluationTokens=320"])
        #expect(try StudyRunner(shorter, source: tiny.yaml, in: tiny.folder.file("other"))() == .finished)
        #expect(try tiny.history("other", "clm").evaluations.map(\.tokens) == [300, 300])
        #expect(try tiny.history("study", "clm").evaluations.map(\.tokens) == [600, 600])
    }
}
