import Foundation
import PeerProcess
import RankFixtures
import Testing
import Winnow

/// `winnow train` in several processes, started by hand and by torchrun.
@Suite(.serialized) struct ParallelRunTests {
    private func ranks(_ count: Int, _ command: (_ rank: Int) -> [String]) throws -> [LiveWinnow] {
        try RankProcesses.start(count, command)
    }

    private func finish(_ processes: [LiveWinnow]) { RankProcesses.finish(processes) }

    private func lastStep(_ directory: RunDirectory) throws -> Int {
        guard FileManager.default.fileExists(atPath: directory.metrics.path) else { return 0 }
        return try MetricsLog.read(directory.metrics).steps.last?.step ?? 0
    }

    // MARK: The same run

    @Test(arguments: ["microBatch", "batch", "sequence"]) func twoRanksLeaveWhatOneProcessLeaves(pool: String) async throws {
        let tiny = try await TinyRun(steps: 10, accumulation: 2)
        func command(_ name: String) -> [String] { tiny.command(name) + ["selection.pool=\(pool)"] }
        let one = try WinnowProcess(command("one"))
        #expect(one.exitCode == 0, "\(one.errors)")
        let processes = try ranks(2) { _ in command("two") }
        finish(processes)
        #expect(try TinyRun.remains(tiny.directory("two")).count == 7)
        #expect(try TinyRun.differences(tiny.directory("two"), tiny.directory("one")) == [])
        #expect(try RunManifest.read(from: tiny.directory("two").manifest).ranks == 2)
        #expect(processes[1].errors == "", "only the first rank says something")

        // To rounding, since the ranks are other circumstances.
        let verified = try WinnowProcess("verify", tiny.directory("two").url.path, "--json")
        #expect(
            verified.exitCode == 0 && verified.output.contains("ranks: 2 then, 1 now"), "\(verified.output)\(verified.errors)")
    }

    @Test func fourRanksTrainAWholeModel() async throws {
        let tiny = try await TinyRun(steps: 5, accumulation: 4, wholeModel: true)
        let one = try WinnowProcess(tiny.command("one"))
        #expect(one.exitCode == 0, "\(one.errors)")
        finish(try ranks(4) { _ in tiny.command("four") })
        let (found, expected) = (tiny.directory("four"), tiny.directory("one"))
        #expect(try Data(contentsOf: found.selections) == Data(contentsOf: expected.selections))
        let (left, right) = (try MetricsLog.read(found.metrics), try MetricsLog.read(expected.metrics))
        #expect(left.steps.count == 5 && left.evaluations.count == right.evaluations.count)
        for (left, right) in zip(left.steps, right.steps) { #expect(abs(left.loss - right.loss) < 1e-4) }
        for (left, right) in zip(left.evaluations, right.evaluations) { #expect(abs(left.loss - right.loss) < 1e-4) }
        #expect(FileManager.default.fileExists(atPath: found.model.appendingPathComponent("model.safetensors").path))
    }

    /// What another run selected, in the same blocks or as many elsewhere.
    @Test(arguments: ["recorded", "shuffled", "matched"]) func ranksReplayWhatOneProcessReplays(manner: String) async throws {
        let tiny = try await TinyRun(steps: 5, accumulation: 2)
        let original = try WinnowProcess(tiny.command("original"))
        #expect(original.exitCode == 0, "\(original.errors)")
        func command(_ name: String) -> [String] {
            let path = tiny.directory("original").url.path
            return tiny.command(name) + ["selection={policy: replay, replay: {from: '\(path)', as: \(manner)}}"]
        }
        let one = try WinnowProcess(command("one"))
        #expect(one.exitCode == 0, "\(one.errors)")
        finish(try ranks(2) { _ in command("two") })
        #expect(try TinyRun.differences(tiny.directory("two"), tiny.directory("one")) == [])
    }

    /// Two machines as far as the network is concerned: an address each, and nothing else in common.
    @Test(.enabled(if: NetworkNamespaces.areAllowed, "needs root, and namespaces that can be made"))
    func ranksWithAddressesOfTheirOwnAreOneRun() async throws {
        let tiny = try await TinyRun(steps: 5, accumulation: 2)
        for pool in ["microBatch", "batch", "sequence"] {
            for policy in SelectionPolicyRegistry.names {
                let (one, two) = ("one-\(pool)-\(policy)", "two-\(pool)-\(policy)")
                func command(_ name: String) -> [String] {
                    tiny.command(name) + ["selection.pool=\(pool)", "selection.policy=\(policy)"]
                }
                let alone = try WinnowProcess(command(one))
                #expect(alone.exitCode == 0, "\(alone.errors)")
                let line = try ([WinnowProcess.executable.get().path] + command(two)).joined(separator: " ")
                let (exitCode, output) = try NetworkNamespaces.run(first: line, second: line, in: tiny.folder)
                #expect(exitCode == 0, "\(output)")
                #expect(try TinyRun.differences(tiny.directory(two), tiny.directory(one)) == [], "\(pool), \(policy)")
            }
        }
    }

    /// As on two machines, a torchrun on each.
    @Test(.enabled(if: NetworkNamespaces.areAllowed, "needs root, and namespaces that can be made"))
    func torchrunOnTwoMachinesStartsOneRun() async throws {
        let tiny = try await TinyRun(steps: 5, accumulation: 2)
        let one = try WinnowProcess(tiny.command("one"))
        #expect(one.exitCode == 0, "\(one.errors)")
        let python = ProcessInfo.processInfo.environment["WINNOW_PYTHON"] ?? "python3"
        let command = try ([WinnowProcess.executable.get().path] + tiny.command("two")).joined(separator: " ")
        let lines = try (0..<2).map { node in
            "env PYTHONPATH=\(try PeerProcess.packages()) \(python) -m torch.distributed.run --no-python --nnodes 2 "
                + "--node-rank \(node) --nproc-per-node 1 --master-addr 10.77.0.1 --master-port 29500 \(command)"
        }
        let (exitCode, output) = try NetworkNamespaces.run(first: lines[0], second: lines[1], in: tiny.folder)
        #expect(exitCode == 0, "\(output)")
        #expect(try TinyRun.differences(tiny.directory("two"), tiny.directory("one")) == [])
    }

    // MARK: Ranks that end

    /// Long steps, so that a signal finds the ranks at work: 40 passes each, 20 a rank.
    private func longRun() async throws -> TinyRun { try await TinyRun(steps: 8, accumulation: 40) }

    @Test(arguments: [0, 1]) func aKilledRankEndsTheOthers(victim: Int) async throws {
        let tiny = try await longRun()
        finish(try ranks(2) { _ in tiny.command("whole") })
        let directory = tiny.directory("run")
        let processes = try ranks(2) { _ in tiny.command("run") }
        try processes[0].wait { try lastStep(directory) >= 3 }
        RankProcesses.kill(victim, of: processes)
        #expect(try RunManifest.read(from: directory.manifest).state == (victim == 0 ? .running : .failed))

        finish(try ranks(2) { _ in tiny.command("run") })
        #expect(try TinyRun.differences(directory, tiny.directory("whole")) == [])
    }

    /// The signal reaches one rank alone.
    @Test(arguments: [0, 1]) func aSignalStopsAllAtTheSameStep(receiver: Int) async throws {
        let tiny = try await longRun()
        let directory = tiny.directory("run")
        var processes = try ranks(2) { _ in tiny.command("run") }
        try processes[0].wait { try lastStep(directory) >= 2 }
        processes[receiver].send(SIGTERM)
        for process in processes { #expect(process.wait() == 143, "\(process.errors)") }
        let step = try lastStep(directory)
        #expect(try step < tiny.steps && directory.checkpointSteps().last == step)
        #expect(processes[0].errors.contains("stopped at step \(step)") && processes[1].errors == "")
        #expect(try RunManifest.read(from: directory.manifest).state == .interrupted)

        // One process goes on, and says what that changes.
        processes = [try LiveWinnow(tiny.command("run"))]
        finish(processes)
        #expect(processes[0].errors.contains("ranks: 2 then, 1 now"), "\(processes[0].errors)")
        #expect(try lastStep(directory) == tiny.steps)
    }

    /// torchrun starts all anew when one dies, and they go on by themselves, whatever the command says.
    @Test(arguments: [[], ["--overwrite"]]) func torchrunGoesOnFromTheLastCheckpoint(flags: [String]) async throws {
        let tiny = try await longRun()
        finish(try ranks(2) { _ in tiny.command("whole") })
        let directory = tiny.directory("run")
        let python = ProcessInfo.processInfo.environment["WINNOW_PYTHON"] ?? "python3"
        let torchrun = try LiveWinnow(
            [
                python, "-m", "torch.distributed.run", "--no-python", "--nproc-per-node", "2", "--max-restarts", "2",
                "--master-port", "\(RankThreads.freePort())", "--monitor-interval", "0.1",
                WinnowProcess.executable.get().path, "train", tiny.recipe, "--output", directory.url.path,
            ] + flags,
            environment: ["PYTHONPATH": PeerProcess.packages()], executable: URL(fileURLWithPath: "/usr/bin/env"))
        try torchrun.wait { try lastStep(directory) >= 3 }
        let lock = try String(contentsOf: directory.url.appendingPathComponent(DirectoryLock.fileName), encoding: .utf8)
        let first = try #require(Int32(lock.trimmingCharacters(in: .whitespacesAndNewlines)))
        #expect(kill(first, SIGKILL) == 0)
        #expect(torchrun.wait() == 0, "\(torchrun.errors)")
        #expect(try TinyRun.differences(directory, tiny.directory("whole")) == [])
        // Steps before the kill were not taken again: their seconds are those of the first attempt.
        #expect(try lastStep(directory) == tiny.steps)
    }

    // MARK: Refusals

    @Test func ranksWithDifferentRecipesAreRefused() async throws {
        let tiny = try await TinyRun(steps: 4, accumulation: 2)
        let processes = try ranks(2) { tiny.command("run") + ["training.optimizer.learningRate=0.0\($0 + 1)"] }
        #expect(processes.map { $0.wait() } == [1, 1])
        #expect(processes[1].errors.contains("rank 1 of 2 has another recipe than rank 0"), "\(processes[1].errors)")
        #expect(processes[0].errors.contains("another rank has something else"), "\(processes[0].errors)")
        #expect(!FileManager.default.fileExists(atPath: tiny.directory("run").manifest.path))
    }

    /// Each takes the GPU that its number on the machine counts.
    @Test(.enabled(if: !Runtime.hasCUDA, "ranks would find the GPUs that they want"))
    func ranksWithoutAGPUOfTheirOwnAreRefused() async throws {
        let tiny = try await TinyRun(steps: 4, accumulation: 2)
        for (device, errors) in [
            ("cuda", ["compute.device is cuda:0, but this libtorch", "compute.device is cuda:1, but this libtorch"]),
            ("cuda:1", [String](repeating: "each of several ranks takes the GPU that LOCAL_RANK counts: write cuda", count: 2)),
        ] {
            let processes = try ranks(2) { _ in tiny.command("run") + ["compute.device=\(device)"] }
            #expect(processes.map { $0.wait() } == [1, 1])
            for (process, error) in zip(processes, errors) { #expect(process.errors.contains(error), "\(process.errors)") }
        }
    }

    @Test func passesThatRanksCannotShareAreRefused() async throws {
        let tiny = try await TinyRun(steps: 4, accumulation: 3)
        for process in try ranks(2, { _ in tiny.command("run") }) {
            #expect(process.wait() == 64)
            #expect(process.errors.contains("training.accumulation is 3 and there are 2 ranks"), "\(process.errors)")
        }
        #expect(!FileManager.default.fileExists(atPath: tiny.directory("run").url.path))
    }

    @Test(arguments: [
        ["reproduce"], ["study", "rho1"], ["verify", "runs/x"], ["bench"], ["tokenize", "x"],
    ])
    func whatRunsInOneProcessIsRefusedInSeveral(command: [String]) throws {
        let process = try WinnowProcess(
            command, environment: ["RANK": "0", "WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "29500"])
        #expect(process.exitCode == 64)
        #expect(process.errors.contains("winnow \(command[0]) runs in one process, and here are 2"), "\(process.errors)")
    }

    /// Each of mpirun's processes would run the whole study.
    @Test func anotherLaunchersProcessesAreRefusedWithoutAnAddressToo() throws {
        let process = try WinnowProcess(
            ["reproduce"],
            environment: [
                "OMPI_COMM_WORLD_SIZE": "2", "OMPI_COMM_WORLD_RANK": "0", "OMPI_COMM_WORLD_LOCAL_RANK": "0",
                "MASTER_ADDR": "127.0.0.1",
            ])
        #expect(process.exitCode != 0)
        #expect(process.errors.contains("MASTER_PORT"), "\(process.errors)")
    }

    @Test func halfAnEnvironmentIsNamed() async throws {
        let tiny = try await TinyRun(steps: 2)
        let process = try WinnowProcess(tiny.command("run"), environment: ["WORLD_SIZE": "2", "RANK": "0"])
        #expect(process.exitCode == 1 && process.errors.contains("WORLD_SIZE is set and MASTER_ADDR isn't"), "\(process.errors)")
    }
}
