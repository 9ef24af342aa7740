import Foundation
import RankFixtures
import Testing

/// Ranks on this machine, each given what torchrun would give it.
enum RankProcesses {
    static func start(_ count: Int, _ command: (_ rank: Int) -> [String]) throws -> [LiveWinnow] {
        let port = try RankThreads.freePort()
        return try (0..<count).map { rank in
            try LiveWinnow(
                command(rank),
                environment: [
                    "RANK": "\(rank)", "WORLD_SIZE": "\(count)", "LOCAL_RANK": "\(rank)", "LOCAL_WORLD_SIZE": "\(count)",
                    "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": "\(port)",
                ])
        }
    }

    /// Lets them run to their end.
    static func finish(_ processes: [LiveWinnow]) {
        for process in processes { #expect(process.wait() == 0, "\(process.errors)") }
    }

    /// Kills one of two, and sees that the other ends in time and says so.
    static func kill(_ victim: Int, of processes: [LiveWinnow]) {
        processes[victim].send(SIGKILL)
        let start = Date()
        #expect(processes[victim].wait() == -SIGKILL)
        let survivor = processes[1 - victim]
        #expect(survivor.wait() == 1)
        #expect(Date().timeIntervalSince(start) < 10)
        #expect(survivor.errors.contains("rank \(1 - victim) of 2 lost the others while"), "\(survivor.errors)")
    }
}
