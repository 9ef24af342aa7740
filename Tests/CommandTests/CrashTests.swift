import Foundation
import Testing
import Winnow

/// Killed at random moments, runs and studies go on to the same bits. WINNOW_KILLS says how many kills; a few by default.
@Suite(.serialized) struct CrashTests {
    private static func kills(_ usual: Int) -> Int {
        ProcessInfo.processInfo.environment["WINNOW_KILLS"].flatMap(Int.init) ?? usual
    }

    /// Begins and kills a process again and again, until it has been killed so often; then lets it finish.
    ///
    /// - Parameters:
    ///   - lifetime: the longest, in seconds.
    ///   - onKill: told after each kill.
    ///   - onFinish: told each time one finishes, after which the next begins from nothing.
    private func kill(
        _ times: Int, within lifetime: Double, _ command: (_ attempt: Int) -> [String], onKill: (_ attempt: Int) throws -> Void,
        onFinish: (_ attempt: Int) throws -> Void
    ) throws {
        var (kills, attempt) = (0, 0)
        while kills < times {
            let process = try LiveWinnow(command(attempt))
            let death = Date() + Double.random(in: 0...lifetime)
            while process.isRunning, Date() < death { usleep(500) }
            process.send(SIGKILL)
            if process.wait() == -SIGKILL {
                kills += 1
                try onKill(attempt)
            } else {
                try onFinish(attempt)
                attempt += 1
            }
        }
        let last = try WinnowProcess(command(attempt))
        #expect(last.exitCode == 0, "\(last.errors)")
        try onFinish(attempt)
    }

    @Test(arguments: [false, true]) func aKilledRunGoesOnToTheSameBits(wholeModel: Bool) async throws {
        let tiny = try await TinyRun(wholeModel: wholeModel)
        let began = Date()
        let whole = try WinnowProcess(tiny.command("whole"))
        #expect(whole.exitCode == 0, "\(whole.errors)")
        let expected = try TinyRun.remains(tiny.directory("whole"))
        #expect(expected.count == 7)
        #expect(try MetricsLog.read(tiny.directory("whole").metrics).steps.count == tiny.steps)

        var (count, insideACheckpoint, steps) = (0, 0, Set<Int>())
        try kill(Self.kills(6), within: 1.1 * Date().timeIntervalSince(began)) { attempt in
            tiny.command("run-\(attempt)")
        } onKill: { attempt throws in
            count += 1
            let directory = tiny.directory("run-\(attempt)")
            guard FileManager.default.fileExists(atPath: directory.url.path) else { return }
            if try directory.unfinishedWrites().contains(where: { $0.lastPathComponent.contains("checkpoint-") }) {
                insideACheckpoint += 1
            }
            try steps.insert(directory.checkpointSteps().last ?? 0)
        } onFinish: { attempt throws in
            let directory = tiny.directory("run-\(attempt)")
            #expect(try TinyRun.differences(directory, tiny.directory("whole")) == [])
            #expect(try directory.unfinishedWrites().isEmpty)
            #expect(try directory.checkpointSteps() == [tiny.steps - 1, tiny.steps])
        }
        print("\(count) kills, \(insideACheckpoint) inside the writing of a checkpoint, after \(steps.count) different steps")
    }

    @Test func aKilledStudyGoesOnToTheSameBits() async throws {
        let tiny = try await TinyRun(steps: 8)
        func command(_ name: String) -> [String] { ["study", tiny.study, "--output", tiny.folder.file(name).path] }
        let began = Date()
        let whole = try WinnowProcess(command("whole"))
        #expect(whole.exitCode == 0, "\(whole.errors)")
        func runs(_ study: String) -> [RunDirectory] {
            ["reference/other", "clm", "topk"].map { RunDirectory(tiny.folder.file(study).appendingPathComponent($0)) }
        }
        var count = 0
        try kill(Self.kills(4), within: 1.1 * Date().timeIntervalSince(began)) { attempt in
            command("study-\(attempt)")
        } onKill: { _ in
            count += 1
        } onFinish: { attempt throws in
            for (run, expected) in zip(runs("study-\(attempt)"), runs("whole")) {
                #expect(try TinyRun.differences(run, expected) == [], "\(run.url.path)")
            }
            let (found, expected) = (
                try StudyRecord.read(from: tiny.folder.file("study-\(attempt)")),
                try StudyRecord.read(from: tiny.folder.file("whole"))
            )
            #expect(found.arms.map { $0.runs[0].selectedTokens } == expected.arms.map { $0.runs[0].selectedTokens })
            #expect(
                found.arms.map { $0.runs[0].evaluations.map(\.loss) } == expected.arms.map { $0.runs[0].evaluations.map(\.loss) })
        }
        print("\(count) kills of a study")
    }
}
