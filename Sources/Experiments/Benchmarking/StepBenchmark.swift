import Corpora
import Foundation
import Models
import RunRecords
import TokenSelection
import Torch
import Training

/// Times the optimizer steps that a recipe describes, on its own model and text.
///
/// It times what `winnow train` does: `Trainer.advance()`, with nothing left out and nothing prepared but the reference's losses
/// where they are said to be stored.
public final class StepBenchmark {
    /// Where the reference's losses come from while steps are timed.
    public enum ReferenceCost: String, Sendable, CaseIterable {
        /// Known before: a store, or an earlier arm, has paid for them.
        case stored
        /// The reference's forward pass is part of each step.
        case live
    }

    /// One optimizer step.
    public struct Sample: Sendable, Codable {
        public var seconds: Double
        /// Mean over the valid tokens, in nats.
        public var loss: Double
        /// Mean over the selected tokens: what was minimized.
        public var selectedLoss: Double
        public var gradientNorm: Double
        public var pageFaults: Int
    }

    public let recipe: Recipe
    public let cost: StepCost
    private let run: Run
    private let trainer: Trainer
    private let scoresLive: Bool
    /// What a live reference runs.
    private let liveModel: any CausalLM

    /// - Throws: `BenchmarkError.liveReference` where a live reference is asked for and the recipe's is not `base`, or is stored; what `Run` throws.
    public init(_ recipe: Recipe, reference: ReferenceCost, in workspace: Workspace) throws {
        self.recipe = recipe
        run = try Run(recipe, in: workspace)
        scoresLive = reference == .live
        liveModel = try workspace.reference(recipe.model, trained: run.loaded, for: recipe.compute).model
        if scoresLive {
            guard run.reference != nil, recipe.selection.reference == .base else { throw BenchmarkError.liveReference }
            trainer = try Trainer(
                model: run.trainer.model, stepModel: run.trainer.stepModel, adapter: run.trainer.adapter,
                sampler: run.trainer.sampler, selector: TokenSelector(recipe.selection),
                reference: LiveReference(liveModel), options: Trainer.Options(recipe))
        } else {
            trainer = run.trainer
        }
        cost = StepCost(
            trainer.model, adapter: trainer.adapter, sequenceLength: recipe.data.blockLength,
            ratio: recipe.selection.policy == "all" ? 1 : recipe.selection.ratio, scoresLive: scoresLive)
    }

    public var isFinished: Bool { trainer.isFinished }

    /// Does one step, and times it. A stored reference is asked before the clock starts.
    public func step() throws -> Sample {
        try askStoredReference()
        let faults = ProcessMemory.pageFaults
        let start = ContinuousClock.now
        let metrics = try trainer.advance()
        Runtime.synchronize(device)
        return Sample(
            seconds: (ContinuousClock.now - start) / .seconds(1), loss: metrics.loss, selectedLoss: metrics.selectedLoss,
            gradientNorm: metrics.gradientNorm, pageFaults: ProcessMemory.pageFaults - faults)
    }

    /// Lets the reference remember what it says of the blocks of the next step, and of the one after it, whose work a device may be given
    /// meanwhile, where that is no part of the step.
    private func askStoredReference() throws {
        guard !scoresLive, let reference = run.reference else { return }
        var sampler = trainer.sampler
        for _ in 0..<2 * recipe.training.accumulation { _ = try reference.losses(of: sampler.next()) }
    }

    public var device: Device { recipe.compute.device }

    /// Why the layers run operator by operator; `nil` where each is one piece.
    public var reasonForPlainLayers: PlainReason? { trainer.stepModel.reasonForPlainLayers }

    /// Why tokens are selected on the host, and why steps aren't recorded; `nil` where the device selects, and where they are.
    public var reasons: (hostSelection: HostSelectionReason?, noGraphs: NoGraphReason?) {
        (trainer.reasonForHostSelection, trainer.reasonForNoGraphs)
    }

    /// The most memory taken so far, in bytes: the process's largest resident size, or what tensors took on a GPU.
    public var peakMemory: Int { device == .cpu ? ProcessMemory.peak : Runtime.peakMemory(of: device) }

    /// The parts of a micro-batch, each timed by itself on the next blocks: medians over `repetitions`.
    public func parts(repetitions: Int) throws -> [StepPart] {
        var timings = StepPart.Timings(on: device)
        var sampler = trainer.sampler
        let (model, adapter) = (trainer.stepModel, trainer.adapter)
        let head = LossHead(weight: model.headWeight)
        for _ in 0..<repetitions {
            let batch = sampler.next()
            let inputIDs = Tensor(batch.inputIDs, shape: [batch.batchSize, batch.sequenceLength])
                .moved(to: model.headWeight.device).converted(to: .int64)
            let places = batch.validMask.indices.filter { batch.validMask[$0] }
            let targets = Tensor(places.map { Int(batch.targetIDs[$0]) }, on: model.headWeight.device)
            let rows = Tensor(places, on: model.headWeight.device)
            let count = max(1, Int(cost.ratio * Double(places.count)))
            let selected = Tensor.range(count, on: model.headWeight.device)

            if scoresLive { try timings.time("reference") { _ = try LiveReference(liveModel).losses(of: batch) } }
            let hidden = timings.time("layers, forward") {
                let states = model.hiddenStates(inputIDs, adapter: adapter)
                return states.reshaped([places.count + batch.batchSize, -1]).rows(rows)
            }
            let scored = timings.time("head and losses") { head.score(hidden, targets: targets, forGradient: true) }
            let gradient = timings.time("head, backward") { scored.gradient(ofRows: selected) }
            try timings.time("layers, backward") { try hidden.rows(selected).backward(gradient: gradient) }
        }
        for (_, tensor) in trainer.trained { tensor.gradient = nil }
        return timings.medians
    }

    /// Does `steps` steps, timing every call into libtorch.
    ///
    /// - Throws: `BenchmarkError.breakdownOnDevice`
    public func breakdown(steps: Int) throws -> StepBreakdown {
        let device = trainer.model.headWeight.device
        guard device == .cpu else { throw BenchmarkError.breakdownOnDevice("\(device)") }
        let clock = OperatorClock()
        var seconds = 0.0
        for _ in 0..<steps {
            try askStoredReference()
            seconds += try clock.record { try trainer.advance() }.seconds
        }
        return StepBreakdown(
            clock.totals, steps: steps, seconds: seconds, tokens: recipe.tokensPerStep, cost: cost,
            shapes: ProductShapes(trainer.model, adapter: trainer.adapter))
    }

    /// Rows and columns of the product that steps are held against: enough to fill the device.
    public var peakProductSize: Int { device == .cpu ? 4096 : 8192 }

    /// The rate of a large product of this type on this device, in operations a second: what `cost` is held against. Best of 3
    /// turns, which on a GPU are of ten products each, so that the wait for the last is little.
    public func productPeak() -> Double {
        withoutGradient {
            let (size, repetitions) = (peakProductSize, device == .cpu ? 1 : 10)
            let generator = Generator(seed: 0)
            let factor = generator.uniform([size, size], dtype: .float32).converted(to: recipe.compute.dtype).moved(to: device)
            let times = (0..<3).map { _ in
                Runtime.synchronize(device)
                let start = ContinuousClock.now
                for _ in 0..<repetitions { _ = factor.timesTransposedAtOnce(factor) }
                Runtime.synchronize(device)
                return (ContinuousClock.now - start) / .seconds(1) / Double(repetitions)
            }
            return 2 * Double(size) * Double(size) * Double(size) / times.min()!
        }
    }
}

/// A part of a step and what it takes.
public struct StepPart: Sendable, Codable {
    public var name: String
    /// Median, for one micro-batch.
    public var seconds: Double

    struct Timings {
        private let device: Device
        private var seconds: [(name: String, values: [Double])] = []

        init(on device: Device) { self.device = device }

        mutating func time<Result>(_ name: String, _ body: () throws -> Result) rethrows -> Result {
            let start = ContinuousClock.now
            let result = try body()
            Runtime.synchronize(device)
            let taken = (ContinuousClock.now - start) / .seconds(1)
            if let index = seconds.firstIndex(where: { $0.name == name }) {
                seconds[index].values.append(taken)
            } else {
                seconds.append((name, [taken]))
            }
            return result
        }

        var medians: [StepPart] { seconds.map { StepPart(name: $0.name, seconds: $0.values.sorted()[$0.values.count / 2]) } }
    }
}

/// Why a recipe can't be timed.
public enum BenchmarkError: Error, Equatable, CustomStringConvertible {
    case liveReference
    case breakdownOnDevice(String)

    public var description: String {
        switch self {
        case .liveReference:
            "a live reference is timed where a score compares with selection.reference: base, and there is no selection.store; "
                + "time other steps with --reference stored"
        case .breakdownOnDevice(let device):
            "--breakdown times single operators, and on \(device) they return before they are done; leave it out, or write "
                + "compute.device=cpu"
        }
    }
}
