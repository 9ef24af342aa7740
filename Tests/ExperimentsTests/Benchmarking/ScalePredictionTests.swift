import Experiments
import Foundation
import ModelFixtures
import Models
import PeerProcess
import Testing

/// docs/Scale.md and the script behind it (Benchmarks/scale).
@Suite struct ScalePredictionTests {
    private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent()
    private static let script = root.appendingPathComponent("Benchmarks/scale/predict.py").path

    private struct Counts: Decodable {
        var parameters, trained: Int
        var operations: Double
    }

    /// What the script counts from a shape is what Winnow counts from the model.
    @Test(arguments: [(StepBenchmark.ReferenceCost.stored, false), (.live, false), (.stored, true)])
    func countsAreThoseOfTheModel(reference: StepBenchmark.ReferenceCost, trainsAll: Bool) async throws {
        let tiny = try await TinyStudy()
        let recipe = try Recipe(
            yaml: "name: scale",
            overrides: [
                "model=\(tiny.model)", "data.train=\(tiny.corpus)", "data.blockLength=16", "data.validation={}",
                "training.batchSize=2", "training.tokens=96", "selection.policy=topK", "selection.ratio=0.25",
            ] + (trainsAll ? ["adapter=none", "selection.score=loss"] : ["adapter.rank=2", "selection.reference=base"]))
        let cost = try StepBenchmark(recipe, reference: reference, in: Workspace()).cost
        let model = try Workspace().model(.path(tiny.model)).model
        let configuration = model.configuration
        let given = """
            {"shape": {"name": "tiny", "layers": \(configuration.layerCount), "width": \(configuration.hiddenSize), \
            "feed_forward": \(configuration.intermediateSize), "heads": \(configuration.headCount), \
            "key_value_heads": \(configuration.keyValueHeadCount), "vocabulary": \(configuration.vocabularySize), \
            "tied": \(configuration.tiesEmbeddings), "head_size": \(configuration.headSize)}, \
            "work": {"tokens": 32, "block_length": 16, "method": "\(trainsAll ? "full" : "lora")", "rank": 2, \
            "reference": "\(reference)", "ratio": 0.25}}
            """
        let counts = try JSONDecoder().decode(
            Counts.self, from: Data(PeerProcess.run(Self.script, ["count", given]).utf8))
        #expect(counts.operations == cost.training)
        #expect(counts.parameters == model.parameters.reduce(0) { $0 + $1.tensor.count })
        #expect(counts.trained == (trainsAll ? counts.parameters : cost.adapterWeights))
    }

    @Test func theDocumentHasTheTablesThatTheScriptPrints() throws {
        let tables = try PeerProcess.run(Self.script).trimmingCharacters(in: .whitespacesAndNewlines)
        let document = try String(contentsOf: Self.root.appendingPathComponent("docs/Scale.md"), encoding: .utf8)
        #expect(tables.count > 1000 && document.contains(tables), "print them anew with Benchmarks/scale/predict.py")
    }
}
