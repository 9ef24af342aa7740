import ArgumentParser
import Foundation
import Winnow

/// A command that several processes share, which a launcher starts (docs/Parallel.md). Of any other, each would do all.
protocol SharedCommand: ParsableArguments {}

/// What several processes that share a command need besides.
struct RankOptions: ParsableArguments {
    @Option(help: "Where torchrun starts several: the seconds that one process waits for another before all give up.")
    var rankTimeout = 300.0

    func validate() throws {
        guard rankTimeout >= 1, rankTimeout <= 1e6 else { throw ValidationError("--rank-timeout is 1 to 1000000 seconds") }
    }

    /// Meets the other ranks, where there are any.
    func meet(_ place: RankEnvironment? = nil) throws -> ProcessGroup {
        try ProcessGroup(place ?? RankEnvironment(ProcessInfo.processInfo.environment), timeout: .seconds(rankTimeout))
    }

    /// As `meet()`, for a command whose threads no recipe counts.
    func meetSharingProcessors() throws -> ProcessGroup {
        let ranks = try meet()
        if ranks.count > 1 { Runtime.threadCount = ranks.threadCount }
        return ranks
    }
}
