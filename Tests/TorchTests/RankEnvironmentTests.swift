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
