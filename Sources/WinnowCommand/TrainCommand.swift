import ArgumentParser
import Foundation
import Winnow

/// `winnow train`: one run from a recipe.
struct TrainCommand: ParsableCommand, SharedCommand {
    static let configuration = CommandConfiguration(
        commandName: "train",
        abstract: "Train an adapter, or a whole model, as a recipe says.",
        discussion: """
            A recipe is a YAML file; `winnow train --print adapt` prints one with every key explained.

            Examples:
              winnow train adapt.yaml
              winnow train adapt.yaml data.train=my-shards selection.ratio=0.6 --output runs/mine
              winnow train adapt.yaml --output runs/mine --resume
              torchrun --no-python --nproc-per-node 2 winnow train adapt.yaml training.accumulation=2

            Started by torchrun, several processes train one model (docs/Parallel.md). Those that torchrun starts again, after one has \
            died, go on from the last checkpoint by themselves.
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

    @OptionGroup var ranks: RankOptions

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
            let place = try RankEnvironment(ProcessInfo.processInfo.environment)
            if place.rank == 0 { notes.forEach { Terminal.note("\($0)") } }
            // Before the ranks wait for each other.
            guard recipe.training.accumulation.isMultiple(of: place.count) else {
                throw ValidationError(
                    "\(TrainingError.indivisible(microBatches: recipe.training.accumulation, ranks: place.count))")
            }
            try train(recipe, place)
        }
    }

    private func train(_ recipe: Recipe, _ place: RankEnvironment) throws {
        StopSignal.listen()
        let ranks = try ranks.meet(place)
        let url = URL(fileURLWithPath: output ?? "runs/\(recipe.name)")
        let directory = try ranks.isFirst ? RunDirectory.open(url, opening(url, place)) : RunDirectory(url)
        let run = try Run(recipe, in: Workspace(), ranks: ranks)
        var executor = RunExecutor(run, in: directory)
        executor.shouldStop = { StopSignal.isReceived }
        guard ranks.isFirst else {
            guard try executor() == .finished else { throw StopSignal.exitCode }
            return
        }

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

    /// What is begun anew by a launcher goes on where it was, whatever it was begun with.
    private func opening(_ url: URL, _ place: RankEnvironment) -> RunDirectory.Opening {
        if place.restartCount > 0, FileManager.default.fileExists(atPath: RunDirectory(url).manifest.path) { return .resume }
        return overwrite ? .overwrite : resume ? .resume : .new
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
