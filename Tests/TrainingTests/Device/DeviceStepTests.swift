import Corpora
import ModelFixtures
import Models
import RunRecords
import Testing
import TokenSelection
import Torch
import Training

/// Steps whose tokens the device selects, on the CPU, against those whose tokens the host selects: the same to the last bit.
@Suite struct DeviceStepTests {
    struct Arm: Sendable, CustomStringConvertible {
        var policy = "topK"
        var score = "excessLoss"
        var pool = TokenSelector.Pool.microBatch
        var ties = TokenSelector.Ties.earlier
        var accumulation = 2
        var dropout = 0.0
        var scoresWithDropout = false
        var meansPerMicroBatch = false
        var blockLength = 16

        var description: String {
            "\(policy) by \(score), pool \(pool), ties \(ties), \(accumulation) micro-batches, dropout \(dropout) "
                + "(scored with: \(scoresWithDropout)), means: \(meansPerMicroBatch)"
        }
    }

    static func trainer(
        _ arm: Arm, selection: SelectionPlace, graphs: GraphUse = .off, steps: Int = 4, wholeModel: Bool = false,
        probeBlocks: Int = 0, recomputesLayers: Bool = false, reference: (any ReferenceLoss)? = nil
    ) throws -> Trainer {
        let model = try LlamaModel.tiny()
        var options = Trainer.Options(stepCount: steps)
        options.optimizer.learningRate = 1e-2
        options.optimizer.weightDecay = 0.1
        options.schedule = .cosine(warmup: 1, finalFraction: 0.1)
        (options.accumulation, options.seed) = (arm.accumulation, 11)
        (options.scoresWithDropout, options.meansPerMicroBatch) = (arm.scoresWithDropout, arm.meansPerMicroBatch)
        (options.selection, options.graphs, options.probeBlocks) = (selection, graphs, probeBlocks)
        let selector = try TokenSelector(
            score: TokenScoreRegistry.score(named: arm.score), policy: SelectionPolicyRegistry.policy(named: arm.policy),
            ratio: arm.policy == "all" ? 1 : 0.4, pool: arm.pool, ties: arm.ties)
        return try Trainer(
            model: model, stepModel: recomputesLayers ? model.recomputingLayers() : nil,
            adapter: wholeModel ? nil : LoRAAdapter.random(for: model, dropout: arm.dropout),
            sampler: TokenBlocks(count: 12, blockLength: arm.blockLength).sampler(batchSize: 2, shuffle: true),
            selector: selector, reference: reference ?? LiveReference(model), options: options)
    }

    /// Everything that a run leaves but the time it took.
    static func trace(_ trainer: Trainer) throws -> (steps: [StepMetrics], selections: [SelectionStep], weights: [[UInt32]]) {
        var (steps, selections): ([StepMetrics], [SelectionStep]) = ([], [])
        while !trainer.isFinished {
            var metrics = try trainer.advance()
            metrics.seconds = 0
            steps.append(metrics)
            selections.append(trainer.lastSelection!)
        }
        return (steps, selections, trainer.trained.map { $0.tensor.values(Float.self).map(\.bitPattern) })
    }

    static var arms: [Arm] {
        var arms: [Arm] = []
        for policy in SelectionPolicyRegistry.names {
            for pool in TokenSelector.Pool.allCases {
                for accumulation in [1, 2] { arms.append(Arm(policy: policy, pool: pool, accumulation: accumulation)) }
            }
        }
        for score in ["loss", "entropy", "targetProbability"] { arms.append(Arm(policy: "stochastic", score: score)) }
        arms += [Arm(ties: .random), Arm(meansPerMicroBatch: true)]
        arms += [Arm(dropout: 0.3), Arm(dropout: 0.3, scoresWithDropout: true), Arm(policy: "random", dropout: 0.3)]
        arms += [Arm(pool: .batch, dropout: 0.3, scoresWithDropout: true), Arm(pool: .sequence, dropout: 0.3)]
        return arms
    }

    @Test(arguments: arms) func theDeviceSelectsWhatTheHostSelects(arm: Arm) throws {
        let onHost = try Self.trainer(arm, selection: .host)
        let onDevice = try Self.trainer(arm, selection: .device)
        #expect(onHost.reasonForHostSelection == .asked && onDevice.reasonForHostSelection == nil)
        let (expected, found) = (try Self.trace(onHost), try Self.trace(onDevice))
        #expect(found.steps == expected.steps)
        #expect(found.selections == expected.selections)
        #expect(found.weights == expected.weights)
        #expect(expected.steps.allSatisfy { $0.skipped == nil && $0.gradientNorm > 0 })
    }

    @Test func aWholeModelIsTrainedTheSame() throws {
        let arm = Arm(policy: "stochastic", score: "loss")
        let expected = try Self.trace(Self.trainer(arm, selection: .host, wholeModel: true))
        let found = try Self.trace(Self.trainer(arm, selection: .device, wholeModel: true))
        #expect(found.steps == expected.steps && found.weights == expected.weights)
    }

    /// Where the sampler is moved between two steps, the window that was prepared is no longer the next.
    @Test func aWindowThatWasPreparedIsNotUsedElsewhere() throws {
        func run(_ selection: SelectionPlace) throws -> [StepMetrics] {
            let trainer = try Self.trainer(Arm(), selection: selection, steps: 6)
            let start = trainer.sampler.states
            var steps = [try trainer.advance(), try trainer.advance()]
            try trainer.sampler.restore(start)
            steps += try (0..<3).map { _ in try trainer.advance() }
            return steps.map { step in
                var step = step
                step.seconds = 0
                return step
            }
        }
        #expect(try run(.device) == run(.host))
    }

    /// The device has the next window's work by then, for weights that are no longer there.
    @Test(arguments: [GraphUse.off, .rehearsed]) func weightsMayChangeBetweenSteps(graphs: GraphUse) throws {
        func run(_ selection: SelectionPlace, _ graphs: GraphUse) throws -> [[UInt32]] {
            let trainer = try Self.trainer(Arm(dropout: 0.3), selection: selection, graphs: graphs)
            for _ in 0..<2 { _ = try trainer.advance() }
            withoutGradient { for (_, tensor) in trainer.trained { tensor.assign(tensor * 0.5) } }
            return try Self.trace(trainer).weights
        }
        #expect(try run(.device, graphs) == run(.host, .off))
    }

    /// Other gradients of the same weights, taken while those of the next window lie ready.
    @Test(arguments: [GraphUse.off, .rehearsed]) func probesBetweenStepsChangeNothing(graphs: GraphUse) throws {
        func run(probes: Bool) throws -> [[UInt32]] {
            let trainer = try Self.trainer(Arm(), selection: .device, graphs: graphs, probeBlocks: 3)
            while !trainer.isFinished {
                _ = try trainer.advance()
                if probes { #expect(try trainer.probe()!.allNorm > 0) }
                let have = trainer.trained.contains { $0.tensor.gradient != nil }
                #expect(!have)
            }
            return try Self.trace(trainer).weights
        }
        #expect(try run(probes: true) == run(probes: false))
    }

    /// A skipped step isn't counted by the optimizer either: what follows is what would have followed without it.
    @Test(arguments: [GraphUse.off, .rehearsed]) func aSkippedStepLeavesTheOptimizer(graphs: GraphUse) throws {
        func run(_ selection: SelectionPlace, _ graphs: GraphUse) throws -> (reasons: [SkippedStep?], weights: [[UInt32]]) {
            let trainer = try Self.trainer(Arm(score: "loss"), selection: selection, graphs: graphs, steps: 6)
            var reasons: [SkippedStep?] = []
            func step() throws { reasons.append(try trainer.advance().skipped) }
            let weight = trainer.trained.first { $0.name.hasSuffix("q_proj.lora_B.weight") }!.tensor
            for poison in [Float.nan, 1e30] {
                try step()
                let healthy = weight.cloned()
                withoutGradient { weight.assign(Tensor.full(weight.shape, Double(poison))) }
                try step()
                weight.assign(healthy)
            }
            return (reasons, try Self.trace(trainer).weights)
        }
        let (found, expected) = (try run(.device, graphs), try run(.host, .off))
        #expect(found.reasons == expected.reasons && expected.reasons.compactMap { $0 }.count == 2)
        #expect(found.weights == expected.weights)
    }

    /// As on the host: the weights stay, the module is named, and the trainer goes on.
    @Test(arguments: [TokenSelector.Pool.microBatch, .batch], [GraphUse.off, .rehearsed])
    func aLossThatIsNotFiniteLeavesTheWeights(pool: TokenSelector.Pool, graphs: GraphUse) throws {
        var arm = Arm(score: "loss", pool: pool)
        if graphs == .rehearsed { arm.accumulation = 1 }
        let trainer = try Self.trainer(arm, selection: .device, graphs: graphs)
        let poisoned = trainer.trained.first { $0.name.hasSuffix("lora_B.weight") }!.tensor
        let healthy = poisoned.cloned()
        withoutGradient { poisoned.assign(Tensor.full(poisoned.shape, .nan)) }
        let skipped = try trainer.advance()
        #expect(skipped.skipped == SkippedStep(.loss, module: "model.layers.0"))
        #expect(skipped.loss.isNaN && skipped.selectedTokens == 0)
        poisoned.assign(healthy)
        let next = try trainer.advance()
        #expect(next.skipped == nil && next.gradientNorm > 0 && next.gradientNorm.isFinite)
        let areFinite = trainer.trained.allSatisfy { $0.tensor.isAllFinite }
        #expect(areFinite)
    }

    @Test func aReferenceThatIsNotFiniteIsNamed() throws {
        final class Broken: ReferenceLoss {
            func measurements(of batch: TokenBatch, entropy: Bool) -> ReferenceMeasurements {
                ReferenceMeasurements(loss: .full([batch.validCount], .nan))
            }
        }
        for pool in [TokenSelector.Pool.microBatch, .batch] {
            let trainer = try Self.trainer(Arm(pool: pool), selection: .device, reference: Broken())
            func weights() -> [[Float]] { trainer.trained.map { $0.tensor.values() } }
            let before = weights()
            #expect(throws: TrainingError.nonFiniteReference(step: 1)) { _ = try trainer.advance() }
            #expect(trainer.progress.step == 0)
            // Losses and gradients are sound: it is the reference that keeps the device from stepping.
            #expect(weights() == before)
        }
    }

    // MARK: Where it isn't possible

    @Test func theHostSelectsWhereTheDeviceCannot() throws {
        let comparing = Arm(score: "selfReference")
        let automatic = try Self.trainer(comparing, selection: .auto)
        #expect(automatic.reasonForHostSelection == .onCPU)
        #expect(throws: TrainingError.noDeviceSelection(.selector(.score("SelfReferenceScore")))) {
            _ = try Self.trainer(comparing, selection: .device)
        }
    }

    @Test func aStepThatCannotBeRecordedSaysWhy() throws {
        func reason(_ arm: Arm, wholeModel: Bool = false, selection: SelectionPlace = .device) -> NoGraphReason? {
            do {
                return try Self.trainer(arm, selection: selection, graphs: .rehearsed, wholeModel: wholeModel).reasonForNoGraphs
            } catch TrainingError.noGraphs(let reason) { return reason } catch { return nil }
        }
        #expect(reason(Arm()) == .rehearsed)
        #expect(reason(Arm(pool: .batch)) == .competesAcross)
        #expect(reason(Arm(score: "loss"), wholeModel: true) == .wholeModel)
        #expect(reason(Arm(), selection: .host) == .hostSelection(.asked))
        #expect(try Self.trainer(Arm(), selection: .device, graphs: .auto).reasonForNoGraphs == .onCPU)
        #expect(throws: TrainingError.noGraphs(.onCPU)) { _ = try Self.trainer(Arm(), selection: .device, graphs: .on) }
    }
}
