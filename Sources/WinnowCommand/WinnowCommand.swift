import ArgumentParser
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
        await main(nil)
    }
}
