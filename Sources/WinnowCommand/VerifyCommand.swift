import ArgumentParser
import Foundation
import Winnow

/// `winnow verify`: the first steps of a run again.
struct VerifyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "verify",
        abstract: "Do the first steps of a run again and compare them with its metrics.",
        discussion: """
            The recipe, the seed and the number of threads are those in the run's directory, and nothing there is changed. On the \
            same processor and libraries every loss, gradient norm and count has to be the same to the last bit; elsewhere \
            counts have to be, and numbers to a thousandth, as they do behind a step where the run itself was resumed elsewhere or \
            with other threads. A changed model, reference, text or log of selections is refused.

            The exit code is 1 where something differs.

            Examples:
              winnow verify runs/adapt
              winnow verify runs/reproduce/topk-0.5 --steps 20
            """)

    @Argument(help: ArgumentHelp("The run's directory.", valueName: "run"))
    var directory: String

    @Option(help: "Steps to do again.")
    var steps = 3

    @Flag(help: "Print {steps, circumstances, difference}.")
    var json = false

    func validate() throws {
        guard steps >= 1 else { throw ValidationError("--steps is 1 or more, not \(steps)") }
    }

    func run() throws {
        ThreadWaiting.shorten()
        try CommandFailure.mapped {
            let found = try RunVerification(of: RunDirectory(URL(fileURLWithPath: directory)), steps: steps)
            if json {
                print(String(decoding: try RecordFile.encoder().encode(found), as: UTF8.self))
            } else {
                tell(found)
            }
            if found.difference != nil { throw ExitCode.failure }
        }
    }

    private func tell(_ found: RunVerification) {
        for circumstance in found.circumstances { Terminal.note("elsewhere: \(circumstance)") }
        if let difference = found.difference {
            print("\(directory) differs: \(difference)")
        } else {
            let manner = found.circumstances.isEmpty ? "to the last bit" : "within \(RunVerification.tolerance)"
            print("\(directory): \(found.steps) \(found.steps == 1 ? "step agrees" : "steps agree") \(manner)")
        }
    }
}
