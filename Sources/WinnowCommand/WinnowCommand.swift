import ArgumentParser
import Checkpoints
import Foundation
import Torch

/// The `winnow` command: one file a subcommand, listed here.
@main
struct WinnowCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "winnow",
        abstract: "Train language models on the tokens that matter.",
        subcommands: [
            PrepareCommand.self,
            TokenizeCommand.self,
            TrainCommand.self,
            StudyCommand.self,
            ReproduceCommand.self,
            ScoreCommand.self,
            EvaluateCommand.self,
            InspectCommand.self,
            BenchCommand.self,
            GenerateCommand.self,
            MergeCommand.self,
            BucketsCommand.self,
            CosineCommand.self,
            AuditCommand.self,
            VerifyCommand.self,
            ReportCommand.self,
            DoctorCommand.self,
        ])

    static func main() async {
        Runtime.keepFreedMemory()
        UnreadableMapping.explain()
        do {
            var command = try parseAsRoot()
            try refuseRanks(command)
            if var concurrent = command as? any AsyncParsableCommand {
                try await concurrent.run()
            } else {
                try command.run()
            }
        } catch { exit(withError: error) }
    }

    /// What isn't shared among processes each of them would do, in the same files.
    private static func refuseRanks(_ command: any ParsableCommand) throws {
        guard !(command is any SharedCommand || command is DoctorCommand) else { return }
        let environment = ProcessInfo.processInfo.environment
        let ranks: Int
        do { ranks = try RankEnvironment(environment).count } catch {
            // Another launcher's variables, of which one is missing: its processes are several all the same.
            guard let stated = environment["WORLD_SIZE"].flatMap(Int.init) else { throw error }
            ranks = stated
        }
        guard ranks <= 1 else {
            throw ValidationError(
                "winnow \(type(of: command).configuration.commandName ?? "") runs in one process, and here are \(ranks): start it "
                    + "without torchrun, or take WORLD_SIZE and RANK out of the environment, under mpirun or srun MASTER_ADDR. winnow train, "
                    + "score, evaluate and prepare run in several")
        }
    }
}
