import Experiments
import Foundation
import ModelFixtures
import RunRecords
import Testing
import Training

/// A time of day that jumps changes nothing but the dates that are written down.
@Suite(.enabled(if: JumpingClock.isAvailable, "a clock can be made to jump on Linux alone")) struct ClockJumpTests {
    private static let day = 86_400

    @Test(arguments: [-day, 30 * day]) func aStudyIsTheSame(seconds: Int) async throws {
        let tiny = try await TinyStudy()
        #expect(try tiny.runner(in: "usual")() == .finished)
        var rates: [Double] = []
        try JumpingClock.moving(by: seconds) {
            // In two parts: what the second reads was written at a later time, or an earlier one.
            for part in 0..<2 {
                let runner = try tiny.runner(in: "jumped")
                var finished = 0
                runner.onFinishedRun = { _, _ in finished += 1 }
                runner.shouldStop = { part == 0 && finished == 3 }
                runner.onProgress = { rates.append($0.tokensPerSecond) }
                #expect(try runner() == (part == 0 ? .stopped : .finished))
            }
        }
        let usual = 0.0..<1000
        for run in ["reference/other", "clm", "topk", "drawn", "null"] {
            #expect(try tiny.adapter("jumped", run) == tiny.adapter("usual", run), "\(run)")
            let history = try tiny.history("jumped", run)
            #expect(history.steps.map(\.loss) == (try tiny.history("usual", run).steps.map(\.loss)), "\(run)")
            #expect((history.steps.map(\.seconds) + history.evaluations.map(\.seconds)).allSatisfy(usual.contains), "\(run)")
            let manifest = try RunManifest.read(from: RunDirectory(tiny.folder.file("jumped/\(run)")).manifest)
            #expect(usual.contains(manifest.wallSeconds) && usual.contains(manifest.trainingSeconds), "\(run)")
        }
        #expect(try tiny.history("jumped", "start").evaluations.map(\.seconds).allSatisfy(usual.contains))
        let record = try StudyRecord.read(from: tiny.folder.file("jumped"))
        #expect(usual.contains(record.wallSeconds))
        // 0 where nothing has been measured yet. A jump would make them negative, or a step last days.
        let strange = rates.filter { $0 != 0 && !(1e-3..<1e12).contains($0) }
        #expect(rates.count > 20 && strange.isEmpty, "\(strange)")
    }
}
