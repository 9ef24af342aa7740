import Experiments
import Foundation
import RunRecords
import Testing
import Torch
import Training

/// `compute.frozen`: which passes of a run multiply by rounded weights.
@Suite(.enabled(if: Int8Weight.isSupported, "this processor lacks AVX-512 VNNI"))
struct FrozenWeightsTests {
    private func recipe(_ tiny: TinyStudy, frozen: String? = nil, _ changes: [String] = []) throws -> Recipe {
        try Recipe(
            yaml: """
                model: \(tiny.model)
                data: {train: \(tiny.corpus), validation: {held-out: \(tiny.corpus)}, blockLength: 16}
                adapter: {rank: 2, alpha: 4}
                training: {tokens: 160, batchSize: 2, optimizer: {learningRate: 1.0e-2}, evaluationTokens: 640}
                selection: {policy: topK, score: excessLoss, reference: base, ratio: 0.5}
                """, overrides: (frozen.map { ["compute.frozen=\($0)"] } ?? []) + changes)
    }

    private func firstSteps(_ recipe: Recipe) throws -> [StepMetrics] {
        let trainer = try Run(recipe, in: Workspace()).trainer
        return try (0..<2).map { _ in try trainer.advance() }
    }

    /// The first losses are those of the untrained model: exact where the student is, near them where it isn't.
    @Test func stepsAreComputedAsTheRecipeSays() async throws {
        let tiny = try await TinyStudy()
        let exact = try firstSteps(recipe(tiny, frozen: "exact"))
        let reference = try firstSteps(recipe(tiny, ["compute.reference=int8"]))
        let int8 = try firstSteps(recipe(tiny, frozen: "int8"))
        // Equal models tie until one of them is rounded.
        #expect(exact[0].tied && !reference[0].tied && int8[0].tied)
        #expect(reference[0].loss == exact[0].loss)
        #expect(int8[0].loss != exact[0].loss)
        #expect(abs(int8[0].loss - exact[0].loss) < 0.02 * exact[0].loss)
        #expect(abs(int8[1].gradientNorm - exact[1].gradientNorm) < 0.2 * exact[1].gradientNorm)
    }

    /// Held-out losses are those of the adapter on the weights that it will be used with.
    @Test func evaluationsAreExact() async throws {
        let tiny = try await TinyStudy()
        var starts: [EvaluationRecord] = []
        for frozen in ["exact", "int8"] {
            let directory = try RunDirectory.open(tiny.folder.file(frozen), .new)
            #expect(try RunExecutor(Run(recipe(tiny, frozen: frozen), in: Workspace()), in: directory)() == .finished)
            let evaluations = try MetricsLog.read(directory.metrics).evaluations
            starts.append(evaluations[0])
            let precision = try RunManifest.read(from: directory.manifest).precision
            #expect(precision == (frozen == "int8" ? "float32, forward passes with int8 layers" : "float32"))
        }
        #expect(starts[0].loss == starts[1].loss)
    }

    /// Layers held in bfloat16 are so in every pass, evaluations and the reference's included: equal models tie.
    @Test func heldLayersAreRoundedEverywhere() async throws {
        let tiny = try await TinyStudy()
        let (exact, held) = (try recipe(tiny, frozen: "exact"), try recipe(tiny, frozen: "bfloat16"))
        let (exactly, rounded) = (try firstSteps(exact)[0], try firstSteps(held)[0])
        #expect(rounded.tied && rounded.loss != exactly.loss && abs(rounded.loss - exactly.loss) < 0.01 * exactly.loss)
        let directory = try RunDirectory.open(tiny.folder.file("run"), .new)
        #expect(try RunExecutor(Run(held, in: Workspace()), in: directory)() == .finished)
        #expect(try RunManifest.read(from: directory.manifest).precision == "float32, layers held in bfloat16")
    }

    @Test func aStoreTellsInt8FromFloat32() async throws {
        let tiny = try await TinyStudy()
        let stores = try ["exact", "int8"].map { reference in
            let url = tiny.folder.file("\(reference).safetensors")
            let scoring = try ReferenceScoring(recipe(tiny, ["compute.reference=\(reference)"]), into: .init(url))
            #expect(try scoring(batchSize: 2) == .finished)
            return (url, try scoring.means().loss)
        }
        #expect(stores[0].1 != stores[1].1)
        #expect(abs(stores[0].1 - stores[1].1) < 0.02 * stores[0].1)
        let (exact, int8) = (["compute.frozen=exact"], ["compute.reference=int8"])
        for (store, right, wrong) in [
            (stores[0].0, [exact], [int8, ["compute.frozen=int8"]]), (stores[1].0, [int8, ["compute.frozen=int8"]], [exact]),
        ] {
            for changes in right { _ = try Run(recipe(tiny, changes + ["selection.store=\(store.path)"]), in: Workspace()) }
            for changes in wrong {
                #expect(throws: RunRecordError.self, "\(changes)") {
                    try Run(recipe(tiny, changes + ["selection.store=\(store.path)"]), in: Workspace())
                }
            }
        }
    }

    @Test func aBenchmarkTimesTheSameSteps() async throws {
        let tiny = try await TinyStudy()
        let recipe = try recipe(tiny, frozen: "int8", ["data.validation={}"])
        let expected = try firstSteps(recipe)
        for cost in StepBenchmark.ReferenceCost.allCases {
            let benchmark = try StepBenchmark(recipe, reference: cost, in: Workspace())
            #expect(try (0..<2).map { _ in try benchmark.step().loss } == expected.map(\.loss), "\(cost)")
        }
    }
}
