import Testing
import Torch

@Suite struct RankEnvironmentTests {
    private static let complete = [
        "RANK": "3", "WORLD_SIZE": "4", "LOCAL_RANK": "1", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "node7",
        "MASTER_PORT": "29500",
    ]

    @Test func torchrunsVariablesAreRead() throws {
        var variables = Self.complete
        var expected = RankEnvironment()
        (expected.rank, expected.count, expected.localRank, expected.localCount) = (3, 4, 1, 2)
        (expected.address, expected.port) = ("node7", 29500)
        #expect(try RankEnvironment(variables) == expected)
        variables["TORCHELASTIC_USE_AGENT_STORE"] = "True"
        variables["TORCHELASTIC_RESTART_COUNT"] = "2"
        variables["TORCHELASTIC_RUN_ID"] = "job"
        variables["GLOO_SOCKET_IFNAME"] = "eth1"
        (expected.isServedByLauncher, expected.restartCount, expected.job, expected.interfaces) = (true, 2, "job", "eth1")
        #expect(try RankEnvironment(variables) == expected)
    }

    private static let meetingPlace = ["MASTER_ADDR": "node7", "MASTER_PORT": "29500"]

    @Test func mpirunsVariablesStandInForTorchruns() throws {
        let mpi = [
            "OMPI_COMM_WORLD_RANK": "3", "OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_LOCAL_RANK": "1",
            "OMPI_COMM_WORLD_LOCAL_SIZE": "2",
        ]
        #expect(
            try RankEnvironment(mpi.merging(Self.meetingPlace) { $1 }) == RankEnvironment(Self.complete))
        // Without a place to meet, processes that mpirun started have nothing to do with each other.
        #expect(try RankEnvironment(mpi) == RankEnvironment())
        // torchrun's come first.
        #expect(try RankEnvironment(Self.complete.merging(mpi.mapValues { _ in "7" }) { $1 }).rank == 3)
    }

    @Test(arguments: [("4(x3),2", "3", 2), ("4(x3),2", "1", 4), ("1,3", "1", 3), ("1,3", "2", nil)] as [(String, String, Int?)])
    func srunsVariablesStandInForTorchruns(perNode: String, node: String, here: Int?) throws {
        let step = [
            "SLURM_PROCID": "1", "SLURM_STEP_NUM_TASKS": "14", "SLURM_LOCALID": "1", "SLURM_NODEID": node,
            "SLURM_STEP_TASKS_PER_NODE": perNode,
        ]
        let found = try RankEnvironment(step.merging(Self.meetingPlace) { $1 })
        #expect(found.rank == 1 && found.count == 14 && found.address == "node7")
        #expect(found.localCount == here ?? 1 && found.localRank == (here == nil ? 0 : 1))
        // A batch script is one process, whatever Slurm tells it of the steps to come.
        let script = Self.meetingPlace.merging(["SLURM_PROCID": "0", "SLURM_NTASKS": "14"]) { $1 }
        #expect(try RankEnvironment(script) == RankEnvironment())
        #expect(throws: RankError.missingVariable("RANK", beside: "WORLD_SIZE")) {
            try RankEnvironment(["SLURM_STEP_NUM_TASKS": "2"].merging(Self.meetingPlace) { $1 })
        }
    }

    @Test func withoutVariablesAProcessIsAlone() throws {
        #expect(try RankEnvironment(["HOME": "/"]) == RankEnvironment())
        // One rank meets nobody.
        #expect(try RankEnvironment(["RANK": "0", "WORLD_SIZE": "1"]) == RankEnvironment())
    }

    @Test(arguments: ["RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT"]) func whatIsMissingIsNamed(name: String) throws {
        var variables = Self.complete
        variables[name] = nil
        #expect(throws: RankError.missingVariable(name, beside: name == "WORLD_SIZE" ? "RANK" : "WORLD_SIZE")) {
            try RankEnvironment(variables)
        }
    }

    @Test(arguments: [
        ("RANK", "4", 0...3), ("RANK", "-1", 0...3), ("RANK", "one", 0...3), ("WORLD_SIZE", "0", 1...1 << 20),
        ("LOCAL_WORLD_SIZE", "5", 1...4), ("LOCAL_RANK", "2", 0...1), ("MASTER_PORT", "65536", 1...65535),
        ("TORCHELASTIC_RESTART_COUNT", "-1", 0...Int.max),
    ]) func whatIsWrongIsNamed(name: String, value: String, wanted: ClosedRange<Int>) throws {
        var variables = Self.complete
        variables[name] = value
        #expect(throws: RankError.badVariable(name, value: value, wanted: wanted)) { try RankEnvironment(variables) }
    }
}
