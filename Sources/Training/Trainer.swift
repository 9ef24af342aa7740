import Corpora
import Foundation
import Models
import RunRecords
import TokenSelection
import Torch

/// Trains an adapter, or a whole model, on the tokens that a selector chooses.
///
/// It takes values and owns the weights' way: where batches come from, what is done with metrics and when to stop are the
/// caller's.
public final class Trainer {
    public struct Options: Sendable, Equatable {
        /// Optimizer steps of the whole run, which the schedule is laid over.
        public var stepCount: Int
        /// Micro-batches a step.
        public var accumulation = 1
        public var optimizer = AdamW.Options()
        public var schedule = LearningRateSchedule.constant()
        /// Limit of the global gradient norm; `nil` leaves it as it is.
        public var clipNorm: Double? = 1
        /// Of selection noise and dropout.
        public var seed: UInt64 = 0
        /// The replication's way: scores from the pass with dropout.
        public var scoresWithDropout = false
        /// The replication's way: the mean of the micro-batches' means, and not one division over the step.
        public var meansPerMicroBatch = false
        /// Where tokens are selected: the same ones.
        public var selection = SelectionPlace.auto
        public var graphs = GraphUse.auto
        /// Blocks on which `probe()` compares gradients; 0 compares none.
        public var probeBlocks = 0

        public init(stepCount: Int) { self.stepCount = stepCount }
    }

    public let model: any CausalLM
    /// What the steps run: `model`, or the same weights computed otherwise. Evaluations run `model` itself.
    public let stepModel: any CausalLM
    public let adapter: LoRAAdapter?
    public let options: Options
    /// Who train together. Each rank has the whole model, takes whole micro-batches of every step, and makes the same step.
    public let ranks: ProcessGroup
    /// What is trained: the adapter, or every weight of the model.
    public let trained: NamedTensors
    public internal(set) var progress = TrainingProgress()
    public package(set) var sampler: any BlockSampler
    /// What the last step trained on; `nil` before the first.
    public private(set) var lastSelection: SelectionStep?
    /// Why tokens are selected on the host; `nil` where the device selects them.
    public let reasonForHostSelection: HostSelectionReason?
    /// Why steps aren't recorded as CUDA graphs; `nil` where they are.
    public let reasonForNoGraphs: NoGraphReason?

    let optimizer: AdamW
    private let gradientSum: GradientSum
    private let step: SelectedLossStep
    /// Takes the steps where the device selects.
    private let pipeline: StepPipeline?
    private let prober: GradientProber?

    /// - Parameters:
    ///   - stepModel: what the steps run in the model's place, on the same weights: `model.withInt8Layers()`.
    ///   - adapter: what is trained; `nil` trains the model's own weights.
    ///   - reference: needed where the selector's score compares with one.
    ///   - replay: chooses in the selector's place.
    ///   - ranks: each has to be given the same of everything else.
    /// - Throws: `TrainingError.referenceMissing`, `.indivisible`, `.noDeviceSelection`, `.noGraphs`; `ModelError.packed` where packed
    ///   weights would be trained.
    public init(
        model: any CausalLM, stepModel: (any CausalLM)? = nil, adapter: LoRAAdapter?, sampler: any BlockSampler,
        selector: TokenSelector = .everything,
        reference: (any ReferenceLoss)? = nil, replay: SelectionReplay? = nil, options: Options,
        ranks: ProcessGroup = ProcessGroup()
    ) throws {
        guard options.accumulation.isMultiple(of: ranks.count) else {
            throw TrainingError.indivisible(microBatches: options.accumulation, ranks: ranks.count)
        }
        if selector.needs.contains(.referenceLoss), reference == nil {
            throw TrainingError.referenceMissing(score: "\(type(of: selector.score))")
        }
        guard adapter != nil || model.packedWeights.isEmpty else { throw ModelError.packed("steps of all weights") }
        (self.model, self.adapter, self.sampler, self.options, self.ranks) = (model, adapter, sampler, options, ranks)
        let stepModel = stepModel ?? model
        self.stepModel = stepModel
        trained = adapter?.parameters ?? model.parameters
        for (_, tensor) in model.parameters { tensor.requiresGradient = adapter == nil }
        for (_, tensor) in trained { tensor.requiresGradient = true }
        optimizer = AdamW(trained, options: options.optimizer)
        gradientSum = GradientSum(trained, outside: model.headWeight, among: ranks)
        var step = SelectedLossStep(
            model: stepModel, adapter: adapter, selector: selector, reference: reference,
            scoresWithDropout: options.scoresWithDropout, meansPerMicroBatch: options.meansPerMicroBatch, replay: replay,
            seed: RunSeed(value: options.seed), ranks: ranks)
        step.gradientSum = gradientSum
        self.step = step
        let device = model.headWeight.device
        reasonForHostSelection = try Self.reasonForHostSelection(step, options, device)
        let recording = try Self.recording(step, options, device, reasonForHostSelection)
        reasonForNoGraphs = recording.reason
        let recorder = recording.repeats ? WorkRecorder(on: device, captures: recording.reason == nil) : nil
        if reasonForHostSelection == nil {
            let decided = DeviceOptimizer(
                trained, optimizer, clippingAt: options.clipNorm, on: device, repeating: recorder)
            pipeline = StepPipeline(
                DeviceStep(step, repeating: recorder), decided, trained, windowLength: options.accumulation)
        } else {
            pipeline = nil
        }
        // What is replayed was selected in blocks of its own, so there is nothing to ask on others.
        prober =
            options.probeBlocks > 0 && replay == nil
            ? GradientProber(
                model: stepModel, adapter: adapter, trained: trained, selector: selector, reference: reference, sampler: sampler,
                blockCount: options.probeBlocks, seed: RunSeed(value: options.seed)) : nil
    }

    /// Compares the gradient of what is selected with that of all tokens, on the same blocks every time. Changes nothing.
    ///
    /// - Returns: `nil` where `probeBlocks` is 0, and for a replay.
    public func probe() throws -> GradientProbe? { try prober?.measure(at: progress) }

    public var isFinished: Bool { progress.step >= options.stepCount }

    /// Does one optimizer step, or skips it where there is no finite direction to step in: weights and optimizer then stay as
    /// they are, and the metrics say why.
    ///
    /// - Throws: `TrainingError.nonFiniteReference`, `SelectionError`, `RankError.lost`: the trainer then stands where it stood.
    public func advance() throws -> StepMetrics {
        let start = ContinuousClock.now
        let number = progress.step + 1
        let learningRate = options.optimizer.learningRate * options.schedule.factor(step: number, of: options.stepCount)
        let outcome: StepOutcome
        if let pipeline {
            outcome = try pipeline.step(
                number, { StepWindow(of: options.accumulation, from: $0) }, from: sampler, learningRate: learningRate,
                isLast: number == options.stepCount)
        } else {
            outcome = try stepOnHost(number, StepWindow(of: options.accumulation, from: sampler), learningRate: learningRate)
        }
        let (window, result) = (outcome.window, outcome.result)
        var skipped = outcome.skipped
        if skipped?.reason == .loss { skipped?.module = moduleThatIsNotFinite(window) }

        self.sampler = window.after
        lastSelection = SelectionStep(number, of: window.batches, selected: result.selected)
        progress.step = number
        progress.tokensSeen += result.validCount
        progress.selectedTokensSeen += result.selectedCount
        progress.skippedInARow = skipped == nil ? 0 : progress.skippedInARow + 1
        if skipped != nil { progress.skippedSteps += 1 }
        let loss = result.lossSum / Double(result.validCount)
        let spike = loss.isFinite ? progress.lossSpikes.excess(of: loss) : nil
        let seconds = (ContinuousClock.now - start) / .seconds(1)
        progress.seconds += seconds
        return StepMetrics(
            step: number, tokensSeen: progress.tokensSeen, selectedTokensSeen: progress.selectedTokensSeen,
            validTokens: result.validCount, selectedTokens: result.selectedCount,
            loss: loss,
            selectedLoss: result.selectedCount > 0 ? result.selectedLossSum / Double(result.selectedCount) : .nan,
            gradientNorm: outcome.norm,
            learningRate: learningRate,
            candidates: result.candidateCount == result.validCount ? nil : result.candidateCount,
            filledAtRandom: result.filledCount, tied: result.allTied, selectedByScoreDecile: result.scoreDeciles,
            skipped: skipped, lossSpike: spike, seconds: seconds)
    }

    private func stepOnHost(_ number: Int, _ window: StepWindow, learningRate: Double) throws -> StepOutcome {
        func clear() { for (_, tensor) in trained { tensor.gradient = nil } }
        clear()
        defer { clear() }
        let result: SelectedLossStep.Result
        do { result = try step(window.batches, step: number) } catch TrainingError.nonFiniteLoss {
            try gradientSum.abandon()
            return StepOutcome(lossNotFiniteIn: window)
        }
        if result.selectedCount > 0 { try gradientSum.finish() } else { try gradientSum.abandon() }
        let live = trained.filter { $0.tensor.gradient != nil }
        let norms: [Double] = GradientNormalization.norms(of: live.map { $0.tensor.gradient! })?.values() ?? []
        let outcome = StepOutcome(window, result, norms: zip(live, norms).map { ($0.name, $1) })
        guard outcome.skipped == nil else { return outcome }
        let factor = GradientNormalization.factor(
            norm: outcome.norm, dividingBy: result.gradientDivisor, clippingAt: options.clipNorm)
        withoutGradient { Operator.forEachMultiply(live.map { $0.tensor.gradient! }, factor) as Void }
        // The device's own step reads a learning rate of float32.
        optimizer.step(learningRate: model.headWeight.device == .cpu ? learningRate : Double(Float(learningRate)))
        return outcome
    }

    private func moduleThatIsNotFinite(_ window: StepWindow) -> String? {
        window.batches.lazy.compactMap { [model, adapter] in
            model.firstNonFiniteModule(BatchTensors($0, on: model.headWeight.device).inputIDs, adapter: adapter)
        }.first
    }

    // MARK: What the device does by itself

    private static func reasonForHostSelection(
        _ step: SelectedLossStep, _ options: Options, _ device: Device
    ) throws -> HostSelectionReason? {
        if options.selection == .host { return .asked }
        if options.selection == .auto, device == .cpu { return .onCPU }
        guard let reason = step.reasonForHostSelection else { return nil }
        guard options.selection == .auto else { throw TrainingError.noDeviceSelection(reason) }
        return reason
    }

    /// Whether steps are repeated on fixed memory, and why that isn't recorded.
    private static func recording(
        _ step: SelectedLossStep, _ options: Options, _ device: Device, _ reasonForHost: HostSelectionReason?
    ) throws -> (repeats: Bool, reason: NoGraphReason?) {
        if options.graphs == .off { return (false, .asked) }
        let reason =
            reasonForHost.map { .hostSelection($0) } ?? step.reasonAgainstRepeating(options.accumulation)
            ?? (options.graphs == .rehearsed ? nil : device == .cpu ? .onCPU : CUDAGraph.isBuilt ? nil : .notBuilt)
        if let reason {
            guard options.graphs == .auto else { throw TrainingError.noGraphs(reason) }
            return (false, reason)
        }
        return (true, options.graphs == .rehearsed ? .rehearsed : nil)
    }
}

/// How far a run has come.
public struct TrainingProgress: Sendable, Codable, Equatable {
    /// Optimizer steps done.
    public var step = 0
    /// Valid tokens trained on.
    public var tokensSeen = 0
    /// Of those, the ones that carried the loss.
    public var selectedTokensSeen = 0
    /// Of the steps done, those that were not taken: see `SkippedStep`.
    public var skippedSteps = 0
    /// Of those, the ones since the last that was.
    public var skippedInARow = 0
    /// The latest losses.
    var lossSpikes = LossSpikes()
    /// Steps done at the last evaluation that is recorded.
    public var evaluatedStep = 0
    /// Wall time of the steps.
    public var seconds = 0.0
}
