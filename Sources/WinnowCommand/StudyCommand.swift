import ArgumentParser
import Foundation
import Winnow

/// `winnow study`: a matrix of runs, compared.
struct StudyCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "study",
        abstract: "Run a matrix of arms and compare them.",
        discussion: """
            A study is a YAML file with a base recipe and arms that change it. Stopped and started again it goes on where it was.
            Where an arm fails by itself, such as one that diverges, the others go on; the report says why, and the exit code is 1.

            Examples:
              winnow study reproduce
              winnow study rigorous --dry-run
              winnow study mine.yaml base.training.tokens=200000 --output studies/mine
              winnow study --print rho1 > mine.yaml

            Studies that come with Winnow: reproduce (the default), rho1 (the paper's method), rigorous (seeds, nulls and matched
            controls), self (the paper's self-reference), seed (the replication, quirks included).
            """)

    @Argument(help: "The study's file, or the name of one that comes with Winnow.")
    var study: String?

    @Argument(help: ArgumentHelp("Changes to the study.", valueName: "key.path=value"))
    var overrides: [String] = []

    @OptionGroup var options: StudyOptions

    @Option(name: .customLong("print"), help: "Print a study that comes with Winnow and stop.")
    var printed: String?

    func validate() throws {
        if study == nil && printed == nil { throw ValidationError("name a study, or see one with --print reproduce") }
    }

    func run() throws {
        if let printed {
            print(try RecipeText(named: printed).yaml)
        } else {
            try options.run(RecipeText(named: study!), overrides: overrides)
        }
    }
}

/// `winnow reproduce`: the default study on the default model and corpus.
struct ReproduceCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "reproduce",
        abstract: "Run the default study on the default model and corpus.",
        discussion: """
            The same as `winnow study reproduce`. It needs what `make setup` fetches; `make reproduce` does both.

            Examples:
              winnow reproduce
              winnow reproduce --budget 0.1
              winnow reproduce --dry-run
            """)

    @OptionGroup var options: StudyOptions

    func run() throws {
        try options.run(RecipeText(named: Preset.reproduce.rawValue), overrides: [])
    }
}

/// What both commands share.
struct StudyOptions: ParsableArguments {
    @Option(help: "Multiplies the training tokens of every run.")
    var budget = 1.0

    @Option(help: "The study's directory. Default: runs/ and the study's name.")
    var output: String?

    @Flag(help: "Delete what the directory holds of an earlier study and start anew.")
    var overwrite = false

    @Flag(help: "Print study.json's contents at the end instead of the table; with --dry-run, the plan.")
    var json = false

    @Flag(help: "Show the matrix and the operations, time and disk it will take, and write nothing.")
    var dryRun = false

    @Option(help: "With --dry-run: training tokens a second. Default: measured in a few steps.")
    var rate: Double?

    func validate() throws {
        if let rate, !(rate > 0 && rate.isFinite) { throw ValidationError("--rate is \(rate): give training tokens a second") }
        if rate != nil && !dryRun { throw ValidationError("--rate goes with --dry-run") }
        if dryRun && overwrite { throw ValidationError("--dry-run writes nothing, so it goes without --overwrite") }
    }

    func run(_ text: RecipeText, overrides: [String]) throws {
        ThreadWaiting.shorten()
        try CommandFailure.mapped {
            let (study, notes) = try Study.reading(
                yaml: text.yaml, source: text.source, overrides: overrides, budget: budget)
            notes.forEach { Terminal.note("\($0)") }
            let changes = (budget == 1 ? [] : ["--budget \(budget)"]) + overrides
            let source =
                text.yaml + (changes.isEmpty ? "" : "\n# Changed on the command line: \(changes.joined(separator: " "))\n")
            try dryRun ? plan(study) : run(study, source: source)
        }
    }

    private func plan(_ study: Study) throws {
        let workspace = Workspace()
        let plan = try StudyPlan(study, in: directory(of: study), workspace: workspace)
        let speed = try rate.map { StudySpeed(rate: $0) } ?? StudySpeed(measuring: study, workspace: workspace)
        let table = StudyPlanTable(plan: plan, speed: speed, isMeasured: rate == nil)
        print(json ? try table.json() : table.text())
    }

    private func directory(of study: Study) -> URL { URL(fileURLWithPath: output ?? "runs/\(study.name)") }

    private func run(_ study: Study, source: String) throws {
        StopSignal.listen()
        let directory = directory(of: study)
        if overwrite { try StudyRunner.clear(directory, of: study) }
        // Found before the work begins: a missing library should not cost half an hour.
        let library = try PlottingLibrary(PlottingLibrary.location())
        let runner = StudyRunner(study, source: source, in: directory)
        let line = ProgressLine()
        let began = ContinuousClock.now
        runner.shouldStop = { StopSignal.isReceived }
        runner.onProgress = { progress in
            line.update(fraction: progress.total > 0 ? min(1, progress.done / progress.total) : 1) { _ in
                let rate = progress.tokensPerSecond > 0 ? String(format: "  %.0f tokens/s", progress.tokensPerSecond) : ""
                return "\(progress.run), \(progress.stage.rawValue)\(rate)"
            }
        }
        runner.onFinishedRun = { name, seconds in
            line.clear()
            Terminal.note("\(name) finished after \(Terminal.duration(seconds))")
        }
        var failed: [String] = []
        runner.onFailedRun = { name, reason in
            failed.append(name)
            line.clear()
            Terminal.note("\(name) failed, and the others go on: \(reason)")
        }
        let outcome = try runner()
        line.clear()
        guard outcome == .finished else {
            Terminal.note("stopped after \(Terminal.duration((ContinuousClock.now - began) / .seconds(1))); start again to go on")
            throw StopSignal.exitCode
        }
        let findings = try StudyFindings(directory: directory, followsOutside: true)
        let report = try StudyReport(findings).write(to: directory, library: library)
        if json {
            print(String(decoding: try RecordFile.encoder().encode(findings.record), as: UTF8.self))
        } else {
            print(ArmTable(findings).text(color: Terminal.showsColor))
            print(report.path)
        }
        if !failed.isEmpty {
            Terminal.note("failed: \(failed.joined(separator: ", "))")
            throw ExitCode.failure
        }
    }
}
