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
    /// Does a window in the step's place where the device selects.
    private let deviceStep: DeviceStep?
    private let repeatedOptimizer: RepeatedOptimizer?
    /// The window after the one that the device is working on, or was.
    private var next: Window?
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
        deviceStep = reasonForHostSelection == nil ? DeviceStep(step, repeating: recorder) : nil
        if let recorder { repeatedOptimizer = RepeatedOptimizer(trained, optimizer, recorder) } else { repeatedOptimizer = nil }
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
        for (_, tensor) in trained { tensor.gradient = nil }
        let window = takeWindow()
        let (result, norm, skipped) = try gradient(over: window, step: number)

        let learningRate = options.optimizer.learningRate * options.schedule.factor(step: number, of: options.stepCount)
        if skipped == nil {
            try optimize(
                multiplyingBy: GradientNormalization.factor(
                    norm: norm, dividingBy: result.gradientDivisor, clippingAt: options.clipNorm), learningRate: learningRate)
        }
        for (_, tensor) in trained { tensor.gradient = nil }

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
            gradientNorm: norm,
            learningRate: learningRate,
            candidates: result.candidateCount == result.validCount ? nil : result.candidateCount,
            filledAtRandom: result.filledCount, tied: result.allTied, selectedByScoreDecile: result.scoreDeciles,
            skipped: skipped, lossSpike: spike, seconds: seconds)
    }

    /// The micro-batches of a step.
    private struct Window {
        let batches: [TokenBatch]
        /// Where the sampler stood before them, and as it stands after.
        let before: [BatchSamplerState]
        let after: any BlockSampler
        /// Where the device selects, what it can be given beforehand.
        let tensors: [BatchTensors]
    }

    private func window(from sampler: any BlockSampler) -> Window {
        var after = sampler
        let batches = (0..<options.accumulation).map { _ in after.next() }
        return Window(
            batches: batches, before: sampler.states, after: after, tensors: deviceStep?.tensors(of: batches) ?? [])
    }

    /// The one that was prepared, unless the sampler has been moved since.
    private func takeWindow() -> Window {
        defer { next = nil }
        guard let next, next.before == sampler.states else { return window(from: sampler) }
        return next
    }

    /// Leaves the step's gradient at the weights, as sums, and says where that can't be stepped along.
    ///
    /// - Returns: the sums over the window, of which nothing counts as selected where the step is skipped; the norm of the divided
    ///   gradient before clipping, NaN where there is none.
    private func gradient(
        over window: Window, step number: Int
    ) throws -> (result: SelectedLossStep.Result, norm: Double, skipped: SkippedStep?) {
        let result: SelectedLossStep.Result
        var norms: [Double] = []
        do {
            if let deviceStep {
                repeatedOptimizer?.clearGradients()
                let launched = try deviceStep.launch(window.batches, window.tensors, step: number)
                let unread = GradientNormalization.norms(of: trained.compactMap(\.tensor.gradient))
                // While the device works.
                if number < options.stepCount { next = self.window(from: window.after) }
                (result, norms) = try launched.read(unread)
            } else {
                result = try step(window.batches, step: number)
            }
        } catch TrainingError.nonFiniteLoss {
            try gradientSum.abandon()
            let module = window.batches.lazy.compactMap { [model, adapter] in
                model.firstNonFiniteModule(BatchTensors($0, on: model.headWeight.device).inputIDs, adapter: adapter)
            }.first
            return (.skipped(window.batches, lossSum: .nan), .nan, SkippedStep(.loss, module: module))
        }
        let without = SelectedLossStep.Result.skipped(window.batches, lossSum: result.lossSum)
        guard result.selectedCount > 0 else {
            try gradientSum.abandon()
            return (without, .nan, SkippedStep(.nothingSelected))
        }
        if deviceStep == nil {
            try gradientSum.finish()
            norms = GradientNormalization.norms(of: trained.compactMap(\.tensor.gradient))?.values() ?? []
        }
        let norm = GradientNormalization.norm(of: norms, dividingBy: result.gradientDivisor)
        guard norm.isFinite else {
            return (without, norm, SkippedStep(.gradient, module: GradientNormalization.firstNonFinite(of: trained)))
        }
        guard norm > 0 else { return (without, norm, SkippedStep(.zeroGradient)) }
        return (result, norm, nil)
    }

    /// Takes the step along the gradients at the weights, multiplied by `factor`.
    private func optimize(multiplyingBy factor: Double, learningRate: Double) throws {
        if let repeatedOptimizer { return try repeatedOptimizer.step(multiplyingBy: factor, learningRate: learningRate) }
        withoutGradient { Operator.forEachMultiply(trained.compactMap(\.tensor.gradient), factor) as Void }
        optimizer.step(learningRate: learningRate)
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
