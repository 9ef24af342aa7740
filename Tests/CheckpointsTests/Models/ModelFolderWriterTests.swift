import Checkpoints
import Foundation
import PeerProcess
import Testing

struct ModelFolderWriterTests {
    let folder = try! TemporaryFolder()

    @Test(arguments: [(true, ElementType.float32), (false, .bfloat16)])
    func writesWhatTransformersLoads(tied: Bool, elementType: ElementType) throws {
        let model = TinyModel(tied: tied)
        let writer = ModelFolderWriter(configuration: model.configuration, tensors: model.tensors, elementType: elementType)
        try writer.write(to: folder("model")) { model.weights(of: $0) }

        let output = try PeerProcess.run(oracle("transformers_read.py"), [folder("model").path, folder.path])
        for tensor in writer.tensors {
            #expect(try model.weights(of: tensor).bits == folder.bits(tensor.name), "\(tensor.name)")
        }
        let read = try JSONDecoder().decode(ModelConfiguration.self, from: Data(output.utf8))
        #expect(read == model.configuration)

        let back = try ModelFiles(at: folder("model"))
        #expect(back.configuration == model.configuration)
        for tensor in writer.tensors { #expect(try back.weights.floats(tensor.name) == model.weights(of: tensor)) }
    }

    @Test func passesTheTokenizerOn() throws {
        try FileManager.default.createDirectory(at: folder("base"), withIntermediateDirectories: true)
        try folder.write("{}", as: "base/tokenizer.json")
        try folder.write("other", as: "base/readme.txt")
        let model = TinyModel(tied: true)
        var companions = ModelFolderWriter.tokenizerFiles(in: folder("base"))
        companions["special_tokens_map.json"] = .data(Data("[]".utf8))
        try ModelFolderWriter(configuration: model.configuration, tensors: model.tensors, companions: companions)
            .write(to: folder("model")) { model.weights(of: $0) }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder("model").path).sorted()
                == ["config.json", "generation_config.json", "model.safetensors", "special_tokens_map.json", "tokenizer.json"])
        #expect(try String(contentsOf: folder("model/tokenizer.json"), encoding: .utf8) == "{}")
        #expect(try String(contentsOf: folder("model/special_tokens_map.json"), encoding: .utf8) == "[]")
        let generation = try JSONSerialization.jsonObject(with: Data(contentsOf: folder("model/generation_config.json")))
        #expect(generation as? NSDictionary == ["_from_model_config": true, "bos_token_id": 1, "eos_token_id": [2, 3]])
    }

    @Test func leavesNothingWhereItsSourceFails() throws {
        struct Interruption: Error {}
        let model = TinyModel(tied: true)
        let writer = ModelFolderWriter(configuration: model.configuration, tensors: model.tensors)
        #expect(throws: Interruption.self) {
            try writer.write(to: folder("model")) { tensor in
                guard tensor.name != "model.norm.weight" else { throw Interruption() }
                return model.weights(of: tensor)
            }
        }
        #expect(try failure { try writer.write(to: folder("model")) { _ in [1] } }?.contains("but the buffer has 1") == true)
        #expect(try folder.names() == [])
    }

    @Test func replacesAModelOnlyWhenAsked() throws {
        let model = TinyModel(tied: true)
        let writer = ModelFolderWriter(configuration: model.configuration, tensors: model.tensors)
        try writer.write(to: folder("model")) { model.weights(of: $0) }
        #expect(
            try failure { try writer.write(to: folder("model")) { model.weights(of: $0) } }
                == "\(folder.path)/model: exists already; choose another place, or ask for it to be replaced")
        try writer.write(to: folder("model"), replacing: true) { [Float](repeating: 1, count: $0.count) }
        #expect(try ModelFiles(at: folder("model")).weights.floats("model.norm.weight") == [Float](repeating: 1, count: 16))
        #expect(try folder.names() == ["model"])
    }
}
