import Checkpoints
import Foundation
import ModelFixtures
import Models
import PeerProcess
import Testing
import Torch

/// Every family against transformers and PEFT, on small random models whose windows are shorter than the text.
@Suite struct FamilyTests {
    /// Relative to the largest logit, with layers as one piece each and operator by operator.
    @Test(arguments: FamilyOracle.allCases, [false, true]) func logitsAgree(_ family: FamilyOracle, fused: Bool) throws {
        for oracle in [try family.base(), try family.adapted()] {
            let model = try oracle.loadModel()
            (model as! LlamaModel).fusesLayers = fused
            let adapter = try oracle.loadAdapter(for: model)
            let logits: [Float] = withoutGradient { model.logits(try! oracle.tokens("input_ids"), adapter: adapter).values() }
            let difference = Difference(logits, try oracle.expected.floats("logits"))
            #expect(difference.isWithin(relative: 1e-5), "\(difference)")
        }
    }

    /// Losses in nats; gradients in L2 norm, relative to the expected one: of every A and B with the layers as one piece each, and of
    /// every weight, biases and norms included, operator by operator.
    @Test(arguments: FamilyOracle.allCases, [false, true])
    func lossesAndGradientsAgree(_ family: FamilyOracle, adapted: Bool) throws {
        let oracle = adapted ? try family.adapted() : try family.base()
        let model = try oracle.loadModel()
        let adapter = try oracle.loadAdapter(for: model)
        let trained = adapter?.parameters ?? model.parameters
        for (_, tensor) in trained { tensor.requiresGradient = true }
        #expect(model.reasonForPlainLayers == (adapted ? nil : .trainedBase))

        let inputIDs = try oracle.tokens("input_ids")
        let (batch, length) = (inputIDs.size(0), inputIDs.size(1))
        let hidden = model.hiddenStates(inputIDs, adapter: adapter)
            .slice(0..<length - 1, along: 1).reshaped([batch * (length - 1), -1])
        let scored = LossHead(weight: model.headWeight).score(
            hidden, targets: inputIDs.slice(1..<length, along: 1).reshaped([-1]))
        let losses: [Float] = scored.loss.values()
        let expected = try oracle.expected.floats("losses")
        let difference = Difference(losses, expected.indices.filter { $0 % length > 0 }.map { expected[$0] })
        #expect(difference.isWithin(relative: 1e-5), "\(difference)")

        try hidden.backward(gradient: scored.gradient(ofRows: .range(losses.count)))
        var names: Set<String> = []
        for (weight, tensor) in trained {
            let key = adapted ? "grad.base_model.model.\(weight)" : "grad.\(weight)"
            names.insert(key)
            let gradient: [Float] = try #require(tensor.gradient, "\(weight) has no gradient").values()
            let difference = Difference(gradient.map { $0 / Float(losses.count) }, try oracle.expected.floats(key))
            #expect(difference.relativeNorm <= 1e-4, "\(weight): \(difference)")
        }
        #expect(names == Set(oracle.expected.tensors.map(\.name).filter { $0.hasPrefix("grad.") }))
    }

    /// Token by token from a cache that outgrows the window, as `generate` does it.
    @Test(arguments: FamilyOracle.allCases) func theLikeliestContinuationIsTheSame(_ family: FamilyOracle) throws {
        let oracle = try family.base()
        var options = TextGenerator.Options()
        (options.maximumTokenCount, options.sampling.temperature) = (FamilyOracle.generatedCount, 0)
        let prompt: [Int] = try oracle.tokens("input_ids").select(0).slice(0..<FamilyOracle.prompt).values()
        let continuation = try TextGenerator(oracle.loadModel()).continuation(of: prompt.map(Int32.init), options: options)
        #expect(try continuation.tokens.map(Int.init) == oracle.tokens("generated").values())
    }

    /// The peers over what Winnow wrote: a folder with the adapter merged in, biases, norms and the family's own keys kept; and a
    /// PEFT folder over the same base.
    @Test func thePeersReadWhatWasWritten() throws {
        let folder = try TemporaryFolder()
        var arguments: [String] = []
        var expected: [String: [Float]] = [:]
        let inputIDs = try FamilyOracle.llama2.base().tokens("input_ids")
        for family in FamilyOracle.allCases {
            let oracle = try family.base()
            let model = try oracle.loadModel()
            let adapter = try LoRAAdapter.random(for: model)
            let (merged, peft) = (folder.file("\(family)-merged"), folder.file("\(family)-adapter"))
            try model.write(to: merged, merging: adapter)
            try adapter.folder(baseModel: "a model").write(to: peft)
            arguments += ["\(family)-merged=\(merged.path)", "\(family)-adapter=\(oracle.model.path)+\(peft.path)"]
            let logits: [Float] = withoutGradient { model.logits(inputIDs, adapter: adapter).values() }
            (expected["\(family)-merged"], expected["\(family)-adapter"]) = (logits, logits)
            #expect(try LoRAAdapter(AdapterFolder(at: peft), for: model).folder(baseModel: "a model") == AdapterFolder(at: peft))
            #expect(try ModelConfiguration(contentsOf: merged.appendingPathComponent("config.json")) == model.configuration)
        }
        let output = folder.file("logits.safetensors")
        try PeerProcess.run(
            LlamaOracle.script("check_models.py"), [try folder.writeIDs(inputIDs), output.path] + arguments)
        let file = try SafetensorsFile(output)
        for (name, logits) in expected {
            let difference = Difference(logits, try file.floats(name))
            #expect(difference.isWithin(relative: 1e-5), "\(name): \(difference)")
        }
    }

    /// The same model from llama.cpp's file, under its own names.
    @Test func ggufFilesHoldTheSameModels() throws {
        let folder = try TemporaryFolder()
        let families: [(FamilyOracle, String)] = [(.qwen2, "qwen2"), (.qwen3, "qwen3")]
        try PeerProcess.run(
            LlamaOracle.script("to_gguf.py"),
            families.flatMap { [$1, try $0.base().model.path, folder.file("\($1).gguf").path] })
        for (family, name) in families {
            let (oracle, files) = (try family.base(), try ModelFiles(at: folder.file("\(name).gguf")))
            let model = try ModelRegistry.load(files.configuration, weights: files.weights)
            #expect(try files.configuration.pieces == ModelFiles(at: oracle.model).configuration.pieces)
            let logits: [Float] = withoutGradient { model.logits(try! oracle.tokens("input_ids")).values() }
            let difference = Difference(logits, try oracle.expected.floats("logits"))
            #expect(difference.isWithin(relative: 1e-5), "\(name): \(difference)")
        }
    }

    /// Each family with less than its weights ask for, or more.
    @Test func weightsOfAnotherFamilyAreNamed() throws {
        func load(_ architecture: String, _ pieces: LayerPieces, weights: TinyFamily) throws {
            var configuration = ModelConfiguration.tiny()
            (configuration.architecture, configuration.pieces) = (architecture, pieces)
            _ = try ModelRegistry.load(configuration, weights: RandomWeights(weights.configuration))
        }
        #expect { try load("LlamaForCausalLM", LayerPieces(), weights: .qwen2) } throws: {
            "\($0)".contains(
                "hold model.layers.0.self_attn.q_proj.bias and 5 more, for which LlamaForCausalLM with this many layers")
        }
        #expect { try load("Qwen3ForCausalLM", LayerPieces(normalizesHeads: true), weights: .mistral) } throws: {
            "\($0)".hasPrefix("the model has no tensor model.layers.0.self_attn.q_norm.weight")
        }
        var shallow = TinyFamily.mistral.configuration
        shallow.layerCount = 1
        #expect(throws: ModelError.self) {
            _ = try LlamaModel(configuration: shallow, weights: RandomWeights(TinyFamily.mistral.configuration))
        }
    }

    /// What can't run as one piece says why, and gives the plain layer's values.
    @Test func gemmasNormsKeepTheirDigitsInBrainFloat() throws {
        let model = try LlamaModel.tiny(TinyFamily.gemma.configuration, dtype: .bfloat16)
        #expect(model.reasonForPlainLayers == .roundedNorms)
        let qwen = try LlamaModel.tiny(TinyFamily.qwen3.configuration, dtype: .bfloat16)
        #expect(qwen.reasonForPlainLayers == nil)
    }
}
