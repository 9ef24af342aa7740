import Experiments
import Foundation
import RunRecords
import Testing
import Training

/// An arm that fails by its own numbers leaves the others alone.
@Suite struct StudyFailureTests {
    /// Steps of 10³⁰ and a decay as large leave weights whose products no float holds, so that no second step can be taken.
    private static let wild =
        "training.optimizer.learningRate: 1.0e+30, training.optimizer.weightDecay: 0.1, training.maxSkippedSteps: 2"

    /// An arm that diverges, three that are built on it or on what is, and two that aren't.
    private func yaml(_ tiny: TinyStudy) -> String {
        tiny.yaml.replacingOccurrences(
            of: "  - {name: topk,",
            with: """
                  - {name: wild, selection.policy: all, \(Self.wild)}
                  - {name: onward, selection.policy: all, adapter.start: arm/wild}
                  - {name: as-many, selection.policy: all, matching: {arm: wild, by: tokens}}
                  - {name: further, selection.policy: all, adapter.start: arm/onward}
                  - {name: topk,
                """)
    }

    @Test func theOtherArmsGoOn() async throws {
        let tiny = try await TinyStudy()
        #expect(try tiny.runner(in: "tame")() == .finished)
        let runner = try tiny.runner(in: "study", yaml(tiny))
        var (finished, failed) = ([String](), [String: String]())
        runner.onFinishedRun = { name, _ in finished.append(name) }
        runner.onFailedRun = { failed[$0] = $1 }
        #expect(try runner() == .finished)
        #expect(finished == ["reference/other", "clm", "topk", "drawn", "null"])
        #expect(Set(failed.keys) == ["wild", "onward", "as-many", "further"])
        for run in finished { #expect(try tiny.adapter("study", run) == tiny.adapter("tame", run), "\(run)") }

        let record = try StudyRecord.read(from: tiny.folder.file("study"))
        let reasons = Dictionary(uniqueKeysWithValues: record.arms.map { ($0.name, $0.runs[0].failure) })
        #expect(try #require(reasons["wild"]!).contains("2 steps in a row up to step 3 could not be taken"))
        #expect(reasons["onward"] == "it is built on wild, which failed" && reasons["as-many"] == reasons["onward"])
        #expect(reasons["further"] == "it is built on onward, which failed")
        #expect(record.arms.allSatisfy { ($0.runs[0].failure == nil) == ($0.runs[0].end(on: "held-out") != nil) })
        #expect(record.finishedAt == nil)
        #expect(!FileManager.default.fileExists(atPath: tiny.folder.file("study/onward").path))

        // Begun again, the study tries what failed once more, and repeats nothing else.
        let again = try tiny.runner(in: "study", yaml(tiny))
        (finished, failed) = ([], [:])
        again.onFinishedRun = { name, _ in finished.append(name) }
        again.onFailedRun = { failed[$0] = $1 }
        #expect(try again() == .finished)
        #expect(finished == [] && failed.count == 4)
    }

    /// Arms, and tests of scores, are built on a reference.
    @Test func aReferenceThatFailsEndsTheStudy() async throws {
        let tiny = try await TinyStudy()
        let wild = tiny.yaml.replacingOccurrences(of: "other: {training.seed: 5,", with: "other: {\(Self.wild),")
        let error = #expect(throws: TrainingError.self) { try tiny.runner(in: "study", wild)() }
        #expect(error?.concernsOneRun == true)
        #expect(!FileManager.default.fileExists(atPath: tiny.folder.file("study/clm").path))
    }

    /// A full disk, a folder that is gone: nothing that the next arm would be spared.
    @Test func whatConcernsEveryRunEndsTheStudy() async throws {
        let tiny = try await TinyStudy()
        let runner = try tiny.runner(in: "study")
        runner.onFinishedRun = { name, _ in
            guard name == "clm" else { return }
            // A file where the next arm's folder should be.
            try? Data().write(to: tiny.folder.file("study/topk"))
        }
        #expect(throws: (any Error).self) { try runner() }
        #expect(!FileManager.default.fileExists(atPath: tiny.folder.file("study/drawn").path))
    }
}
