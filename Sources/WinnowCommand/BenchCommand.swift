import ArgumentParser
import Foundation
import Winnow

/// `winnow bench`: how fast a recipe's steps are, and how near the machine's limit.
struct BenchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Time a recipe's training steps.",
        discussion: """
            Steps are timed as `winnow train` does them; only the reference's losses may be known before (--reference stored). \
            The operations of a step are counted from the shapes, and held against the rate of a 4096 × 4096 product \
            on the same threads; on a GPU, of an 8192 × 8192 product of the same type.

            Examples:
              winnow bench
              winnow bench selection.policy=topK selection.reference=base --reference live
              winnow bench model=models/TinyLlama-1.1B data.blockLength=512 --steps 3 --json
              winnow bench --device cuda compute.dtype=bfloat16 model=models/TinyLlama-1.1B
            """)

    @Argument(
        help: ArgumentHelp(
            "A recipe's file, or changes to the recipe timed: plain training of the default model.",
            valueName: "recipe or key.path=value"))
    var changes: [String] = []

    @Option(help: "Steps in a round.")
    var steps = 4

    @Option(help: "Rounds; a figure is the median over all their steps.")
    var rounds = 3

    @Option(help: "Steps before the clock starts.")
    var warmup = 2

    @Option(help: ArgumentHelp("What to compute on, in place of the recipe's compute.device.", valueName: "cpu or cuda"))
    var device: String?

    @Option(help: "Whether the reference's forward pass belongs to the step: live, or stored.")
    var reference = StepBenchmark.ReferenceCost.stored

    @Flag(help: "Also say where the time of a step goes, by kind of work, from as many further steps as a round has.")
    var breakdown = false

    @Flag(help: "Wait for a line on standard input before each round, and answer in JSON: to take turns with other programs.")
    var paced = false

    @Flag(help: "Print the figures as JSON.")
    var json = false

    func validate() throws {
        for (name, value) in [("--steps", steps), ("--rounds", rounds)] where value < 1 {
            throw ValidationError("\(name) is 1 or more, not \(value)")
        }
        guard warmup >= 0 else { throw ValidationError("--warmup is 0 or more, not \(warmup)") }
        if paced && breakdown { throw ValidationError("--breakdown is not for --paced: it does steps of its own") }
        if paced && json { throw ValidationError("--paced prints JSON already") }
    }

    func run() throws {
        ThreadWaiting.shorten()
        try CommandFailure.mapped {
            let benchmark = try StepBenchmark(recipe(), reference: reference, in: Workspace())
            if breakdown, benchmark.device != .cpu { throw BenchmarkError.breakdownOnDevice("\(benchmark.device)") }
            let line = ProgressLine()
            func step(_ done: Int) throws -> StepBenchmark.Sample {
                let sample = try benchmark.step()
                line.update(fraction: Double(done + 1) / Double(warmup + rounds * steps)) { _ in
                    String(format: "%.2f s a step", sample.seconds)
                }
                return sample
            }
            let first = try (0..<warmup).map(step).first
            if paced {
                try printJSON(
                    Ready(
                        first: first, operationsPerToken: benchmark.cost.training,
                        hostSelection: benchmark.reasons.hostSelection?.description,
                        noGraphs: benchmark.reasons.noGraphs?.description), pretty: false)
            }
            var samples: [StepBenchmark.Sample] = []
            for round in 0..<rounds {
                if paced, readLine() == nil { break }
                let these = try (0..<steps).map { try step(warmup + round * steps + $0) }
                samples += these
                if paced { try printJSON(these, pretty: false) }
            }
            line.clear()
            if paced {
                // Before the product, which takes memory of its own.
                let memory = benchmark.peakMemory
                return try printJSON(
                    Finished(productOperationsPerSecond: benchmark.productPeak(), peakMemoryBytes: memory), pretty: false)
            }
            var figures = try BenchFigures(
                benchmark, samples, parts: benchmark.parts(repetitions: 3), peak: benchmark.productPeak)
            if breakdown { figures.breakdown = try benchmark.breakdown(steps: steps) }
            json ? try printJSON(figures, pretty: true) : print(figures.table)
        }
    }

    /// A first argument without `=` is a recipe's file.
    private func recipe() throws -> Recipe {
        let isFile = changes.first.map { !$0.contains("=") } ?? false
        let text = isFile ? try RecipeText(named: changes[0]) : nil
        let overrides = Array(isFile ? changes.dropFirst() : changes[...])
        // As many steps as are timed, on new blocks each, and no evaluation.
        var recipe = try Recipe.reading(
            yaml: text?.yaml ?? "name: bench", source: text?.source ?? "bench",
            overrides: overrides + ["data.validation={}"] + (device.map { ["compute.device=\($0)"] } ?? [])
        ).recipe
        recipe.training.tokens = (warmup + (rounds + (breakdown ? 1 : 0)) * steps) * recipe.tokensPerStep
        return recipe
    }

    private func printJSON(_ value: some Encodable, pretty: Bool) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = pretty ? [.prettyPrinted, .sortedKeys] : [.sortedKeys]
        // Not print: who paces the rounds waits for the line.
        FileHandle.standardOutput.write(try encoder.encode(value) + Data("\n".utf8))
    }
}

/// What a paced run says before the first round.
private struct Ready: Encodable {
    /// The first warm-up step, by which programs can be compared.
    var first: StepBenchmark.Sample?
    var operationsPerToken: Double
    /// As in `BenchFigures`.
    var hostSelection, noGraphs: String?
}

/// What a paced run says after the last round.
private struct Finished: Encodable {
    /// Of the product that steps are held against.
    var productOperationsPerSecond: Double
    var peakMemoryBytes: Int
}

extension StepBenchmark.ReferenceCost: ExpressibleByArgument {}

/// What was measured, for a reader and for a program.
private struct BenchFigures: Encodable {
    var secondsPerStep, tokensPerSecond: Double
    var tokensPerStep, steps, threads: Int
    var device: String
    /// Why the layers run operator by operator; absent where each is one piece.
    var plainLayers: PlainReason?
    /// Why tokens are selected on the host, and why steps aren't recorded; absent where the device selects, and where they are.
    var hostSelection, noGraphs: String?
    var operationsPerToken: Double
    /// Operations a second of a step, and of a square product of this size; 0 where it was not measured.
    var operationsPerSecond, productOperationsPerSecond: Double
    var productSize, pageFaultsPerStep, peakMemoryBytes: Int
    var loss, selectedLoss, gradientNorm: Double
    /// For one micro-batch; what is left of a step is selection, the optimizer and bookkeeping.
    var parts: [StepPart]
    /// For a step.
    var breakdown: StepBreakdown?

    init(_ benchmark: StepBenchmark, _ samples: [StepBenchmark.Sample], parts: [StepPart], peak: () -> Double) {
        func median(_ values: [Double]) -> Double { values.sorted()[values.count / 2] }
        secondsPerStep = median(samples.map(\.seconds))
        tokensPerStep = benchmark.recipe.tokensPerStep
        tokensPerSecond = Double(tokensPerStep) / secondsPerStep
        (steps, threads) = (samples.count, Runtime.threadCount)
        (device, productSize) = (Runtime.name(of: benchmark.device), benchmark.peakProductSize)
        peakMemoryBytes = benchmark.peakMemory
        plainLayers = benchmark.reasonForPlainLayers
        hostSelection = benchmark.reasons.hostSelection?.description
        noGraphs = benchmark.reasons.noGraphs?.description
        operationsPerToken = benchmark.cost.training
        operationsPerSecond = operationsPerToken * tokensPerSecond
        productOperationsPerSecond = peak()
        pageFaultsPerStep = Int(median(samples.map { Double($0.pageFaults) }))
        (loss, selectedLoss) = (samples[0].loss, samples[0].selectedLoss)
        gradientNorm = samples[0].gradientNorm
        self.parts = parts
    }

    var table: String {
        let share = operationsPerSecond / productOperationsPerSecond
        let head = [
            ("step", String(format: "%.3f s, median of %d, of %d tokens", secondsPerStep, steps, tokensPerStep)),
            (
                "rate",
                String(format: "%.0f tokens/s on ", tokensPerSecond) + (device == "cpu" ? "\(threads) threads" : device)
            ),
            (
                "work",
                String(
                    format: "%.0f MFLOP a token, %.0f GFLOP/s: %.0f %% of a %d³ product's %.0f", operationsPerToken / 1e6,
                    operationsPerSecond / 1e9, 100 * share, productSize, productOperationsPerSecond / 1e9)
            ),
            ("layers", plainLayers.map { "operator by operator: \($0)" } ?? "one piece each"),
            ("selection", hostSelection.map { "on the host: \($0)" } ?? "on the device"),
            ("graphs", noGraphs.map { "none: \($0)" } ?? "a micro-batch and the optimizer's step, recorded"),
            (
                "memory",
                String(
                    format: "%d page faults a step, %.2f GiB at most", pageFaultsPerStep, Double(peakMemoryBytes) / 1_073_741_824)
            ),
            (
                "check",
                String(format: "first step: loss %.5f, selected %.5f, gradient norm %.5f", loss, selectedLoss, gradientNorm)
            ),
        ]
        let rows = parts.map { ($0.name, String(format: "%.3f s a micro-batch", $0.seconds)) }
        let table = (head + rows).map { $0.0.padding(toLength: 18, withPad: " ", startingAt: 0) + $0.1 }
        return (table + (breakdown.map { [""] + Self.table(of: $0) } ?? [])).joined(separator: "\n")
    }

    private static func table(of breakdown: StepBreakdown) -> [String] {
        [String(format: "of a step of %.3f s, every call into libtorch timed:", breakdown.seconds)]
            + breakdown.parts.map { part in
                let rate = part.operationsPerSecond.map { String(format: "%8.0f GFLOP/s", $0 / 1e9) } ?? ""
                return part.kind.rawValue.padding(toLength: 18, withPad: " ", startingAt: 0)
                    + String(
                        format: "%7.4f s %5.1f %% %6.0f calls", part.seconds, 100 * part.seconds / breakdown.seconds, part.calls)
                    + rate
            }
    }
}
