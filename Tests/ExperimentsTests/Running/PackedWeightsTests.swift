import Experiments
import Foundation
import RunRecords
import Testing
import Training

/// `compute.frozen`, `compute.reference` and `compute.recompute` where weights are packed and layers run twice.
@Suite struct PackedWeightsTests {
    private func recipe(_ tiny: TinyStudy, _ changes: [String]) throws -> Recipe {
        try Recipe(
            yaml: """
                model: \(tiny.model)
                data: {train: \(tiny.corpus), validation: {held-out: \(tiny.corpus)}, blockLength: 16}
                adapter: {rank: 2, alpha: 4, dropout: 0.1}
                training: {tokens: 160, batchSize: 2, optimizer: {learningRate: 1.0e-2}, evaluationTokens: 640}
                selection: {policy: topK, score: excessLoss, reference: base, ratio: 0.5}
                """, overrides: changes)
    }

    private func steps(_ recipe: Recipe) throws -> [StepMetrics] {
        let trainer = try Run(recipe, in: Workspace()).trainer
        return try (0..<3).map { _ in try trainer.advance() }
    }

    /// A base reference packed as the student is: no second model, and equal models tie.
    @Test(arguments: ["packed", "int8PerRow", "nf4"]) func studentAndReferenceArePackedTogether(frozen: String) async throws {
        let tiny = try await TinyStudy()
        let (exact, packed) = (try steps(recipe(tiny, [])), try steps(recipe(tiny, ["compute.frozen=\(frozen)"])))
        #expect(packed[0].tied)
        #expect(abs(packed[0].loss - exact[0].loss) < 0.05 * exact[0].loss)
        // The file is in float32, so `packed` rounds nothing.
        #expect((abs(packed[0].loss - exact[0].loss) < 1e-5 * exact[0].loss) == (frozen == "packed"))
    }

    @Test(arguments: ["int8PerRow", "nf4"]) func aReferenceIsPackedWhileTheStudentIsNot(reference: String) async throws {
        let tiny = try await TinyStudy()
        let (exact, packed) = (try steps(recipe(tiny, [])), try steps(recipe(tiny, ["compute.reference=\(reference)"])))
        #expect(exact[0].tied && !packed[0].tied)
        #expect(packed[0].loss == exact[0].loss)
        // And the other way round.
        let student = try steps(recipe(tiny, ["compute.frozen=\(reference)", "compute.reference=exact"]))
        #expect(!student[0].tied && student[0].loss != exact[0].loss)
    }

    @Test func recordsNameWhatIsPacked() async throws {
        let tiny = try await TinyStudy()
        let directory = try RunDirectory.open(tiny.folder.file("run"), .new)
        let recipe = try recipe(tiny, ["compute.frozen=nf4", "compute.reference=int8PerRow"])
        #expect(try RunExecutor(Run(recipe, in: Workspace()), in: directory)() == .finished)
        let precision = try RunManifest.read(from: directory.manifest).precision
        #expect(precision == "float32, layers packed in nf4, reference with int8-per-row layers")
    }

    /// A store of packed losses is one for runs whose reference is packed so.
    @Test func aStoreTellsHowItsReferenceWasHeld() async throws {
        let tiny = try await TinyStudy()
        let url = tiny.folder.file("nf4.safetensors")
        let scoring = try ReferenceScoring(recipe(tiny, ["compute.reference=nf4"]), into: .init(url))
        #expect(try scoring(batchSize: 2) == .finished)
        let store = "selection.store=\(url.path)"
        _ = try Run(recipe(tiny, [store, "compute.frozen=nf4"]), in: Workspace())
        for other in ["exact", "packed", "int8PerRow"] {
            #expect(throws: RunRecordError.self) {
                try Run(recipe(tiny, [store, "compute.reference=\(other)"]), in: Workspace())
            }
        }
    }

    @Test(arguments: ["compute.frozen=exact", "compute.frozen=nf4", "adapter=none"])
    func layersRunTwiceGiveTheSameSteps(setting: String) async throws {
        let tiny = try await TinyStudy()
        let changes = [setting, "selection.score=loss", "selection.reference=none"]
        let expected = try steps(recipe(tiny, changes))
        let found = try steps(recipe(tiny, changes + ["compute.recompute=layers"]))
        #expect(found.map(\.loss) == expected.map(\.loss))
        #expect(found.map(\.gradientNorm) == expected.map(\.gradientNorm))
    }

    @Test func aBenchmarkTimesTheSameSteps() async throws {
        let tiny = try await TinyStudy()
        let recipe = try recipe(
            tiny, ["compute.frozen=nf4", "compute.reference=int8PerRow", "compute.recompute=layers", "data.validation={}"])
        let expected = try steps(recipe)
        for cost in StepBenchmark.ReferenceCost.allCases {
            let benchmark = try StepBenchmark(recipe, reference: cost, in: Workspace())
            #expect(try (0..<3).map { _ in try benchmark.step().loss } == expected.map(\.loss), "\(cost)")
        }
    }
}
