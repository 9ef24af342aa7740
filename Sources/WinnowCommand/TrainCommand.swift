import ArgumentParser
import Foundation
import Winnow

/// `winnow train`: one run from a recipe.
struct TrainCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train an adapter, or a whole model, as a recipe says.",
        discussion: """
            A recipe is a YAML file; `winnow train --print adapt` prints one with every key explained.

            Examples:
              winnow train adapt.yaml
              winnow train adapt.yaml data.train=my-shards selection.ratio=0.6 --output runs/mine
              winnow train adapt.yaml --output runs/mine --resume
            """)

    @Argument(help: "The recipe's file, or the name of one that comes with Winnow.")
    var recipe: String?

    @Argument(help: ArgumentHelp("Changes to the recipe.", valueName: "key.path=value"))
    var overrides: [String] = []

    @Option(help: "The run's directory. Default: runs/ and the recipe's name.")
    var output: String?

    @Flag(help: "Go on with the run in the directory.")
    var resume = false

    @Flag(help: "Delete the run in the directory and start anew.")
    var overwrite = false

    @Option(name: .customLong("print"), help: "Print a recipe that comes with Winnow and stop.")
    var printed: String?

    @Flag(help: "Print the final evaluations as JSON.")
    var json = false

    func validate() throws {
        if resume && overwrite { throw ValidationError("--resume and --overwrite exclude each other") }
        if recipe == nil && printed == nil { throw ValidationError("name a recipe, or see one with --print adapt") }
    }

    func run() throws {
        if let printed {
            print(try RecipeText(named: printed).yaml)
            return
        }
        ThreadWaiting.shorten()
        try CommandFailure.mapped {
            let text = try RecipeText(named: recipe!)
            let (recipe, notes) = try Recipe.reading(yaml: text.yaml, source: text.source, overrides: overrides)
            notes.forEach { Terminal.note("\($0)") }
            try train(recipe)
        }
    }

    private func train(_ recipe: Recipe) throws {
        StopSignal.listen()
        let url = URL(fileURLWithPath: output ?? "runs/\(recipe.name)")
        let directory = try RunDirectory.open(url, overwrite ? .overwrite : resume ? .resume : .new)
        let run = try Run(recipe, in: Workspace())
        var executor = RunExecutor(run, in: directory)
        executor.shouldStop = { StopSignal.isReceived }

        let line = ProgressLine()
        let total = Double(recipe.steps)
        executor.onEvaluation = { split, done, count in
            line.update(fraction: Double(run.trainer.progress.step) / total) { _ in
                "evaluating \(split), block \(done) of \(count)"
            }
        }
        executor.sinks = [
            ClosureSink { record in
                guard case .step(let metrics) = record else { return }
                line.update(fraction: Double(metrics.step) / total) { _ in
                    String(format: "step %d  loss %.3f  %.0f tokens/s", metrics.step, metrics.loss, metrics.tokensPerSecond)
                }
            }
        ]
        let outcome = try executor()
        line.clear()
        guard outcome == .finished else {
            Terminal.note("stopped at step \(run.trainer.progress.step); go on with --resume")
            throw StopSignal.exitCode
        }
        try summarize(directory)
    }

    private func summarize(_ directory: RunDirectory) throws {
        let evaluations = try MetricsLog.read(directory.metrics).evaluations
        let last = evaluations.filter { $0.step == evaluations.last?.step }
        if json {
            print(String(decoding: try RecordFile.encoder().encode(last), as: UTF8.self))
            return
        }
        for end in last {
            let start = evaluations.first { $0.split == end.split && $0.step == 0 }
            let before = start.map { String(format: "%.4f → ", $0.loss) } ?? ""
            print("\(end.split): loss \(before)\(String(format: "%.4f, perplexity %.2f", end.loss, end.perplexity))")
        }
        print(directory.url.path)
    }
}
