import Checkpoints
import Foundation
import ModelFixtures
import Models
import PeerProcess
import Testing
import Torch

/// Winnow against transformers and PEFT, on small random models and on the default model's own weights.
@Suite struct TransformersTests {
    /// Relative to the largest logit.
    @Test(arguments: LlamaOracle.Case.allCases) func logitsAgree(_ name: LlamaOracle.Case) throws {
        let oracle = try LlamaOracle(name)
        let model = try oracle.loadModel()
        let adapter = try oracle.loadAdapter(for: model)
        let logits: [Float] = withoutGradient {
            model.logits(try! oracle.tokens("input_ids"), adapter: adapter).values()
        }
        let difference = Difference(logits, try oracle.expected.floats("logits"))
        #expect(difference.isWithin(relative: 1e-4), "\(difference)")
    }

    /// Per-token losses in nats, and the gradient of every weight that is trained: in L2 norm, relative to the expected one.
    @Test(arguments: LlamaOracle.Case.allCases) func lossesAndGradientsAgree(_ name: LlamaOracle.Case) throws {
        let oracle = try LlamaOracle(name)
        let model = try oracle.loadModel()
        let adapter = try oracle.loadAdapter(for: model)
        let trained = adapter?.parameters ?? model.parameters
        for (_, tensor) in trained { tensor.requiresGradient = true }

        let inputIDs = try oracle.tokens("input_ids")
        let (batch, length) = (inputIDs.size(0), inputIDs.size(1))
        let hidden = model.hiddenStates(inputIDs, adapter: adapter)
            .slice(0..<length - 1, along: 1).reshaped([batch * (length - 1), -1])
        let targets = inputIDs.slice(1..<length, along: 1).reshaped([-1])
        // A third of the logits at once.
        let head = LossHead(weight: model.headWeight, logitBudget: hidden.size(0) * 4 * model.configuration.vocabularySize / 3)
        let scored = head.score(hidden, targets: targets)

        let losses: [Float] = scored.loss.values()
        let expected = try oracle.expected.floats("losses")
        let counted = expected.indices.filter { $0 % length > 0 }.map { expected[$0] }
        let lossDifference = Difference(losses, counted)
        #expect(lossDifference.isWithin(absolute: 1e-4), "\(lossDifference)")

        try hidden.backward(gradient: scored.gradient(ofRows: .range(losses.count)))
        var names: Set<String> = []
        for (weight, tensor) in trained {
            let key = adapter == nil ? "grad.\(weight)" : "grad.base_model.model.\(weight)"
            names.insert(key)
            let gradient: [Float] = try #require(tensor.gradient, "\(weight) has no gradient").values()
            let difference = Difference(gradient.map { $0 / Float(losses.count) }, try oracle.expected.floats(key))
            #expect(difference.relativeNorm <= 1e-3, "\(weight): \(difference)")
        }
        #expect(names == Set(oracle.expected.tensors.map(\.name).filter { $0.hasPrefix("grad.") }))
    }

    /// PEFT over the same weights, with an adapter that Winnow made and wrote.
    @Test(arguments: [LlamaOracle.Case.adaptedUntied, .standard]) func peftReadsOurAdapter(_ name: LlamaOracle.Case) throws {
        let oracle = try LlamaOracle(name)
        let model = try oracle.loadModel()
        let adapter = try LoRAAdapter.random(for: model, rank: 5, targets: ["q_proj", "o_proj", "down_proj"])
        let folder = try TemporaryFolder()
        try adapter.folder(baseModel: "a model").write(to: folder.file("adapter"))

        let inputIDs = try oracle.tokens("input_ids")
        let output = folder.file("peft.safetensors")
        try PeerProcess.run(
            LlamaOracle.script("check_adapter.py"),
            [oracle.model.path, folder.file("adapter").path, folder.writeIDs(inputIDs), output.path])
        let logits: [Float] = withoutGradient { model.logits(inputIDs, adapter: adapter).values() }
        let plain: [Float] = withoutGradient { model.logits(inputIDs).values() }
        let expected = try SafetensorsFile(output).floats("logits")
        let difference = Difference(logits, expected)
        #expect(difference.isWithin(relative: 1e-4), "\(difference)")
        #expect(Difference(plain, expected).relativeNorm > 0.01, "the adapter changes nothing")
    }

    /// transformers over a folder with the adapter merged in.
    @Test func transformersReadsOurFolder() throws {
        let oracle = try LlamaOracle(.adaptedUntied)
        let model = try oracle.loadModel()
        let adapter = try #require(try oracle.loadAdapter(for: model))
        let folder = try TemporaryFolder()
        try model.write(to: folder.file("model"), merging: adapter)

        let output = folder.file("transformers.safetensors")
        try PeerProcess.run(
            LlamaOracle.script("check_folder.py"),
            [folder.file("model").path, folder.writeIDs(oracle.tokens("input_ids")), output.path])
        let difference = Difference(
            try SafetensorsFile(output).floats("logits"), try oracle.expected.floats("logits"))
        #expect(difference.isWithin(relative: 1e-4), "\(difference)")
    }

    /// An adapter that was read keeps PEFT's own configuration when it is written again.
    @Test func anAdapterSurvivesARoundTrip() throws {
        let oracle = try LlamaOracle(.adaptedUntied)
        let read = try AdapterFolder(at: oracle.adapter)
        let written = try LoRAAdapter(read, for: oracle.loadModel()).folder(baseModel: read.configuration.baseModel)
        #expect(written == read)
    }
}

extension TemporaryFolder {
    /// Token ids as the check scripts read them; returns the file's path.
    func writeIDs(_ inputIDs: Tensor) throws -> String {
        let values: [Int] = inputIDs.values()
        let length = inputIDs.size(1)
        let rows = stride(from: 0, to: values.count, by: length).map { Array(values[$0..<$0 + length]) }
        try JSONEncoder().encode(rows).write(to: file("ids.json"))
        return file("ids.json").path
    }
}
