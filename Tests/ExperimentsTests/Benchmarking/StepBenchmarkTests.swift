import Experiments
import Foundation
import ModelFixtures
import Models
import RunRecords
import Testing
import Torch
import Training

@Suite struct StepBenchmarkTests {
    private func recipe(_ tiny: TinyStudy, _ changes: String...) throws -> Recipe {
        try Recipe(
            yaml: "name: bench",
            overrides: [
                "model=\(tiny.model)", "data.train=\(tiny.corpus)", "data.blockLength=16", "data.validation={}",
                "adapter.rank=2", "training.batchSize=2", "training.tokens=96", "selection.policy=topK",
                "selection.reference=base", "selection.ratio=0.5",
            ] + changes)
    }

    @Test func itTimesTheStepsThatTrainingDoes() async throws {
        let tiny = try await TinyStudy()
        let recipe = try recipe(tiny)
        let run = try Run(recipe, in: Workspace())
        let expected = try (0..<3).map { _ in try run.trainer.advance() }
        for reference in StepBenchmark.ReferenceCost.allCases {
            let benchmark = try StepBenchmark(recipe, reference: reference, in: Workspace())
            let samples = try (0..<3).map { _ in try benchmark.step() }
            #expect(samples.map(\.loss) == expected.map(\.loss))
            #expect(samples.map(\.gradientNorm) == expected.map(\.gradientNorm))
            #expect(samples.allSatisfy { $0.seconds > 0 })
            #expect(benchmark.isFinished)
        }
    }

    /// What makes layers run operator by operator is said.
    @Test func thePathOfTheLayersIsKnown() async throws {
        let tiny = try await TinyStudy()
        var recipe = try recipe(tiny)
        #expect(try StepBenchmark(recipe, reference: .stored, in: Workspace()).reasonForPlainLayers == nil)
        recipe.adapter = nil
        #expect(try StepBenchmark(recipe, reference: .stored, in: Workspace()).reasonForPlainLayers == .trainedBase)
    }

    /// 16 positions of which each sees 4: attention's operations are those of 4 · (32 − 4) / 16 = 7 positions.
    @Test func aWindowCostsLess() async throws {
        let (tiny, folder) = (try await TinyStudy(), try TemporaryFolder())
        try LlamaModel.tiny(TinyFamily.mistral.configuration).write(to: folder.file("model"))
        let all = try StepBenchmark(recipe(tiny), reference: .stored, in: Workspace()).cost
        let windowed = try StepBenchmark(
            recipe(tiny, "model=\(folder.file("model").path)"), reference: .stored, in: Workspace()
        ).cost
        #expect(windowed.attentionOperations * 16 == all.attentionOperations * 7)
        #expect(windowed.layerWeights == all.layerWeights)
    }

    /// Counted by hand from the tiny model's shapes.
    @Test func operationsAreCountedFromTheShapes() async throws {
        let tiny = try await TinyStudy()
        let stored = try StepBenchmark(recipe(tiny), reference: .stored, in: Workspace()).cost
        let live = try StepBenchmark(recipe(tiny), reference: .live, in: Workspace()).cost
        #expect(live.training - stored.training == stored.forward)
        let all = try StepBenchmark(recipe(tiny, "selection.ratio=1"), reference: .stored, in: Workspace()).cost
        #expect(all.training - stored.training == Double(stored.headWeights))
        #expect(stored.forward == Double(2 * (stored.layerWeights + stored.headWeights) + stored.attentionOperations))
    }

    @Test func theOperationsOfTheDefaultModelAreThoseItsShapeGives() throws {
        let recipe = try Recipe(yaml: "name: bench", overrides: ["data.validation={}", "selection.policy=all"])
        let cost = try StepBenchmark(recipe, reference: .stored, in: Workspace()).cost
        // 30 layers of q, k, v, o (576 · (576 + 192 + 192 + 576)) and three of 576 · 1536.
        #expect(cost.layerWeights == 30 * 576 * (576 + 192 + 192 + 576 + 3 * 1536))
        #expect(cost.headWeights == 49152 * 576)
        #expect(cost.adapterWeights == 4_884_480)
        #expect(cost.attentionOperations == 2 * 128 * 576 * 30)
    }

    @Test func aLiveReferenceIsTheBase() async throws {
        let tiny = try await TinyStudy()
        let other = tiny.folder.file("other")
        try FileManager.default.copyItem(at: URL(fileURLWithPath: tiny.model), to: other)
        #expect(throws: BenchmarkError.liveReference) {
            try StepBenchmark(recipe(tiny, "selection.reference=\(other.path)"), reference: .live, in: Workspace())
        }
        #expect(throws: BenchmarkError.liveReference) {
            try StepBenchmark(recipe(tiny, "selection={policy: all}"), reference: .live, in: Workspace())
        }
    }

    @Test func partsAreTimedAndLeaveNoGradient() async throws {
        let tiny = try await TinyStudy()
        let benchmark = try StepBenchmark(recipe(tiny), reference: .live, in: Workspace())
        let names = try benchmark.parts(repetitions: 3).map(\.name)
        #expect(names == ["reference", "layers, forward", "head and losses", "head, backward", "layers, backward"])
        let before = try StepBenchmark(recipe(tiny), reference: .live, in: Workspace()).step()
        #expect(try benchmark.step().gradientNorm == before.gradientNorm)
    }

    @Test func aBreakdownIsTheWholeOfItsSteps() async throws {
        let tiny = try await TinyStudy()
        for reference in StepBenchmark.ReferenceCost.allCases {
            let benchmark = try StepBenchmark(recipe(tiny), reference: reference, in: Workspace())
            _ = try benchmark.step()
            let breakdown = try benchmark.breakdown(steps: 2)
            #expect(breakdown.parts.allSatisfy { $0.seconds > 0 })
            #expect(abs(breakdown.parts.reduce(0) { $0 + $1.seconds } - breakdown.seconds) < 1e-9 + 1e-6 * breakdown.seconds)
            #expect(breakdown.parts.map(\.kind) == StepBreakdown.Kind.allCases)
            let (layers, passes) = (2.0, reference == .live ? 2.0 : 1.0)
            let calls = Dictionary(uniqueKeysWithValues: breakdown.parts.map { ($0.kind, $0.calls) })
            // Four groups of layers: forward in every pass, and backward but for the first layer's input. An adapter's activations and
            // the gradients of its matrices are calls of their own. What it adds is one in few rows, as in the last layer behind attention,
            // and everywhere where there are no tiles.
            let added = Tensor.hasTiledProducts ? 3 : 4 * layers + 4 * layers - 1
            #expect(calls[.layerProducts] == 4 * layers * passes + 4 * layers - 1 + 8 * layers + added)
            #expect(calls[.attention] == layers * passes + layers)
            #expect(calls[.optimizer] == 1)
        }
    }

    /// Timing operators changes no bit of what they compute.
    @Test func aBreakdownTrainsAsTrainingDoes() async throws {
        let tiny = try await TinyStudy()
        let (plain, timed) = (
            try StepBenchmark(recipe(tiny), reference: .stored, in: Workspace()),
            try StepBenchmark(recipe(tiny), reference: .stored, in: Workspace())
        )
        for _ in 0..<2 { _ = try plain.step() }
        _ = try timed.breakdown(steps: 2)
        #expect(try timed.step().gradientNorm == plain.step().gradientNorm)
    }
}
