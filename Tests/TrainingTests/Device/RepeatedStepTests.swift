import ModelFixtures
import Models
import Testing
import TokenSelection
import Torch
import Training

/// The work that would be recorded as a CUDA graph, on the memory that the graph would use, done as it is.
@Suite struct RepeatedStepTests {
    typealias Arm = DeviceStepTests.Arm

    static var arms: [Arm] {
        var arms: [Arm] = []
        for policy in SelectionPolicyRegistry.names {
            for pool in [TokenSelector.Pool.microBatch, .sequence] { arms.append(Arm(policy: policy, pool: pool)) }
        }
        arms += [Arm(policy: "stochastic", score: "entropy", ties: .random), Arm(meansPerMicroBatch: true)]
        arms += [Arm(pool: .batch, accumulation: 1), Arm(dropout: 0.3), Arm(dropout: 0.3, scoresWithDropout: true)]
        return arms
    }

    @Test(arguments: arms) func aRepeatedStepIsTheOrdinaryOne(arm: Arm) throws {
        let ordinary = try DeviceStepTests.trace(DeviceStepTests.trainer(arm, selection: .host))
        let repeated = try DeviceStepTests.trainer(arm, selection: .device, graphs: .rehearsed)
        #expect(repeated.reasonForNoGraphs == .rehearsed)
        let found = try DeviceStepTests.trace(repeated)
        #expect(found.steps == ordinary.steps)
        #expect(found.selections == ordinary.selections)
        #expect(found.weights == ordinary.weights)
    }

    /// Layers that the backward pass runs a second time are part of the work that would be recorded.
    @Test(arguments: [0, 0.3]) func layersMayRunTwice(dropout: Double) throws {
        let arm = Arm(dropout: dropout)
        let ordinary = try DeviceStepTests.trace(DeviceStepTests.trainer(arm, selection: .host))
        let twice = try DeviceStepTests.trainer(arm, selection: .device, graphs: .rehearsed, recomputesLayers: true)
        #expect(twice.reasonForNoGraphs == .rehearsed)
        let found = try DeviceStepTests.trace(twice)
        #expect(found.steps == ordinary.steps && found.weights == ordinary.weights)
    }

    /// After the first step, every step asks for the same memory in the same order, and gives all of it back: the blocks of one step
    /// serve all.
    @Test(arguments: arms) func aRepeatedStepNeedsNoNewMemory(arm: Arm) throws {
        let trainer = try DeviceStepTests.trainer(arm, selection: .device, graphs: .rehearsed, steps: 8)
        let logs = try (0..<6).map { _ in try MemoryLog.record { _ = try trainer.advance() } }
        #expect(logs[0].kept > 0)
        for (index, log) in logs.enumerated().dropFirst(2) {
            #expect(log.kept == 0, "step \(index + 1) keeps \(log.kept) bytes")
            #expect(log == logs[1], "step \(index + 1) asks for other memory than step 2")
        }
        #expect(logs[1].sizes.count > 100)
    }
}
