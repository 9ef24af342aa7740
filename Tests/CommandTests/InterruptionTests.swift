import Foundation
import Testing
import Winnow

/// Signals, and two processes in one directory.
@Suite struct InterruptionTests {
    private func begin(_ tiny: TinyRun, _ name: String, steps: Int) throws -> LiveWinnow {
        let process = try LiveWinnow(tiny.command(name))
        let directory = tiny.directory(name)
        try process.wait { try lastStep(directory) >= steps }
        return process
    }

    private func lastStep(_ directory: RunDirectory) throws -> Int {
        guard FileManager.default.fileExists(atPath: directory.metrics.path) else { return 0 }
        return try MetricsLog.read(directory.metrics).steps.last?.step ?? 0
    }

    /// `checkpointEvery: 0` in the recipe: the signal alone asks for the checkpoint.
    @Test(arguments: [SIGINT, SIGTERM]) func aSignalFinishesTheStep(signal: Int32) async throws {
        let code = 128 + signal
        let tiny = try await TinyRun(steps: 20_000)
        let text = try String(contentsOfFile: tiny.recipe, encoding: .utf8)
        try text.replacingOccurrences(of: "checkpointEvery: 1", with: "checkpointEvery: 0")
            .write(toFile: tiny.recipe, atomically: true, encoding: .utf8)
        let directory = tiny.directory("run")
        let process = try begin(tiny, "run", steps: 1)
        #expect(try directory.checkpointSteps().isEmpty)
        process.send(signal)
        #expect(process.wait() == code)
        let step = try lastStep(directory)
        #expect(try directory.checkpointSteps() == [step])
        #expect(process.errors.contains("stopped at step \(step); go on with --resume"), "\(process.errors)")
        #expect(try RunManifest.read(from: directory.manifest).state == .interrupted)

        let resumed = try begin(tiny, "run", steps: step + 1)
        resumed.send(signal)
        #expect(resumed.wait() == code)
    }

    /// A step takes long here. The first signal waits for its end, the second doesn't.
    @Test func aSecondSignalStopsAtOnce() async throws {
        let tiny = try await TinyRun(steps: 20, accumulation: 2000)
        let directory = tiny.directory("run")
        var process = try begin(tiny, "run", steps: 1)
        for _ in 0..<10 {
            try process.wait { try !directory.checkpointSteps().isEmpty }
            usleep(200_000)
            process.send(SIGINT)
            // Signals that arrive together count once, so it is repeated until one is the second.
            while process.isRunning {
                usleep(100_000)
                process.send(SIGINT)
            }
            #expect(process.wait() == 130)
            // The first came between two steps, and the run stopped in the ordinary way: once more.
            guard process.errors.contains("stopped at step") else { break }
            process = try begin(tiny, "run", steps: lastStep(directory) + 1)
        }
        #expect(!process.errors.contains("stopped at step"))
        #expect(try RunManifest.read(from: directory.manifest).state == .running)
        let left = try directory.checkpointSteps()
        #expect(try !left.isEmpty && lastStep(directory) - left.last! <= 1)
        let resumed = try begin(tiny, "run", steps: left.last! + 1)
        resumed.send(SIGKILL)
        resumed.wait()
    }

    @Test func aSecondProcessIsRefused() async throws {
        let tiny = try await TinyRun(steps: 20_000)
        let first = try begin(tiny, "run", steps: 1)
        for mode in ["--resume", "--overwrite"] {
            let second = try WinnowProcess("train", tiny.recipe, "--output", tiny.directory("run").url.path, mode)
            #expect(second.exitCode == 1 && second.errors.contains("worked in by process \(first.id)"), "\(second.errors)")
        }
        #expect(first.isRunning)
        // The lock ends with its process.
        first.send(SIGKILL)
        #expect(first.wait() == -SIGKILL)
        let third = try begin(tiny, "run", steps: lastStep(tiny.directory("run")) + 1)
        third.send(SIGKILL)
        third.wait()
    }

    @Test func aSecondStudyIsRefused() async throws {
        let tiny = try await TinyRun(steps: 20_000)
        let command = ["study", tiny.study, "--output", tiny.folder.file("study").path]
        let first = try LiveWinnow(command)
        try first.wait { FileManager.default.fileExists(atPath: tiny.folder.file("study/study.json").path) }
        for more in [[], ["--overwrite"]] {
            let second = try WinnowProcess(command + more)
            #expect(second.exitCode == 1 && second.errors.contains("worked in by process \(first.id)"), "\(second.errors)")
        }
        #expect(FileManager.default.fileExists(atPath: tiny.folder.file("study/study.json").path))
    }

    /// From some step on the process gets no more memory: wherever it ends, the run goes on to the same bits.
    @Test(.enabled(if: FileManager.default.isExecutableFile(atPath: "/usr/bin/prlimit")), arguments: [1, 40])
    func aRunOutOfMemoryGoesOn(steps: Int) async throws {
        let tiny = try await TinyRun(steps: 150)
        #expect(try WinnowProcess(tiny.command("whole")).exitCode == 0)
        let process = try begin(tiny, "run", steps: steps)
        let limit = Process()
        limit.executableURL = URL(fileURLWithPath: "/usr/bin/prlimit")
        limit.arguments = ["--pid", "\(process.id)", "--as=1"]
        try limit.run()
        limit.waitUntilExit()
        #expect(process.wait() != 0)
        #expect(process.errors.contains("annot allocate memory"), "\(process.errors)")
        #expect(try lastStep(tiny.directory("run")) < tiny.steps)
        #expect(try WinnowProcess(tiny.command("run")).exitCode == 0)
        #expect(try TinyRun.differences(tiny.directory("run"), tiny.directory("whole")) == [])
    }

    /// The tokens are mapped: to touch what is gone of them would end a process by SIGBUS, without a word.
    @Test func aFileThatIsCutShortIsNamed() async throws {
        let tiny = try await TinyRun(steps: 150)
        #expect(try WinnowProcess(tiny.command("whole")).exitCode == 0)
        let shard = tiny.folder.file("shards/train.tokens")
        let bytes = try Data(contentsOf: shard)
        let process = try begin(tiny, "run", steps: 3)
        #expect(truncate(shard.path, 0) == 0)
        #expect(process.wait() == 1)
        #expect(process.errors.contains("train.tokens: can no longer be read: it was shortened"), "\(process.errors)")
        #expect(try lastStep(tiny.directory("run")) < tiny.steps)
        try bytes.write(to: shard)
        #expect(try WinnowProcess(tiny.command("run")).exitCode == 0)
        #expect(try TinyRun.differences(tiny.directory("run"), tiny.directory("whole")) == [])
    }

    @Test func aFolderThatIsGoneIsNamed() async throws {
        let tiny = try await TinyRun(steps: 20_000)
        let process = try begin(tiny, "run", steps: 1)
        try FileManager.default.moveItem(at: tiny.folder.file("run"), to: tiny.folder.file("moved"))
        #expect(process.wait() == 1)
        #expect(process.errors.contains("No such file or directory"), "\(process.errors)")
        #expect(!FileManager.default.fileExists(atPath: tiny.folder.file("run").path))
        // Where it is now, it goes on.
        let step = try lastStep(tiny.directory("moved"))
        let resumed = try begin(tiny, "moved", steps: step + 1)
        resumed.send(SIGKILL)
        resumed.wait()
    }
}
