import ArgumentParser
import Experiments
import Foundation

/// Exit codes as every subcommand gives them: 64 for a recipe that can't be used, 1 for anything that fails while it runs.
enum CommandFailure {
    /// Runs `body`; a recipe's problems are printed and become exit code 64.
    static func mapped<Result>(_ body: () throws -> Result) throws -> Result {
        do {
            return try body()
        } catch let error as RecipeError {
            FileHandle.standardError.write(Data("\(error)\n".utf8))
            throw ExitCode(64)
        }
    }
}
