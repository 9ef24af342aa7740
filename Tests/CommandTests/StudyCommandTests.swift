import Foundation
import Testing
import Winnow

@Suite struct StudyCommandTests {
    /// Steps of 10³⁰ and a decay as large leave weights whose products no float holds.
    @Test func anArmThatFailsLeavesAReportAndAnExitCode() async throws {
        let tiny = try await TinyRun(steps: 5)
        let text = try String(contentsOfFile: tiny.study, encoding: .utf8)
        let wild =
            "  - {name: wild, selection.policy: all, training.maxSkippedSteps: 2, "
            + "training.optimizer.learningRate: 1.0e+30, training.optimizer.weightDecay: 0.1}\n"
        try (text + wild).write(toFile: tiny.study, atomically: true, encoding: .utf8)
        let study = try WinnowProcess("study", tiny.study, "--output", tiny.folder.file("study").path)
        #expect(study.exitCode == 1, "\(study.errors)")
        #expect(study.errors.contains("wild failed, and the others go on: 2 steps in a row"), "\(study.errors)")
        #expect(study.output.contains("report.html"))
        let report = try String(contentsOf: tiny.folder.file("study/report.html"), encoding: .utf8)
        #expect(report.contains("failed: 2 steps in a row up to step 3 could not be taken"))
    }
}
