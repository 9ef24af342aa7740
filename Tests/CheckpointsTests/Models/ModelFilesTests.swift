import Checkpoints
import Foundation
import Testing

struct ModelFilesTests {
    let folder = try! TemporaryFolder()

    private func writeConfiguration() throws {
        let configuration = ModelConfiguration(
            vocabularySize: 4, hiddenSize: 2, intermediateSize: 2, layerCount: 1, headCount: 1)
        try JSONEncoder().encode(configuration).write(to: folder("config.json"))
    }

    private func writeWeights(_ name: String) throws {
        try SafetensorsWriter.write(
            [(TensorDescription(name: "model.norm.weight", elementType: .float32, shape: [2]), .floats([1, 2]))], to: folder(name)
        )
    }

    @Test func opensAFolder() throws {
        try writeConfiguration()
        try writeWeights("model.safetensors")
        let bare = try ModelFiles(at: folder.url)
        #expect(bare.configuration.vocabularySize == 4)
        #expect(try bare.weights.floats("model.norm.weight") == [1, 2])
        #expect(bare.tokenizer == nil)
        try folder.write("{}", as: "tokenizer.json")
        let model = try ModelFiles(at: folder.url)
        #expect(model.tokenizer == .json(folder("tokenizer.json")))
        #expect(model.contents.map(\.lastPathComponent) == ["config.json", "model.safetensors", "tokenizer.json"])
    }

    /// Hugging Face's cache is made of links, `snapshots/…/model.safetensors` → `blobs/…`: they are followed.
    @Test func followsLinks() throws {
        try writeConfiguration()
        try writeWeights("blob")
        try FileManager.default.createSymbolicLink(at: folder("model.safetensors"), withDestinationURL: folder("blob"))
        #expect(try ModelFiles(at: folder.url).weights.floats("model.norm.weight") == [1, 2])
    }

    @Test func opensAShardedFolder() throws {
        try writeConfiguration()
        try writeWeights("model-00001-of-00001.safetensors")
        try folder.write(
            #"{"weight_map":{"model.norm.weight":"model-00001-of-00001.safetensors"}}"#, as: "model.safetensors.index.json")
        let model = try ModelFiles(at: folder.url)
        #expect(try model.weights.floats("model.norm.weight") == [1, 2])
        #expect(
            model.contents.map(\.lastPathComponent)
                == ["config.json", "model.safetensors.index.json", "model-00001-of-00001.safetensors"])
    }

    @Test func opensAGGUF() throws {
        let url = try folder.write(GGUFBytes.tinyLlama().bytes, as: "tiny.gguf")
        let model = try ModelFiles(at: url)
        #expect(model.configuration.hiddenSize == 32)
        #expect(model.contents == [url])
        guard case .vocabulary(let vocabulary)? = model.tokenizer else {
            Issue.record("no vocabulary")
            return
        }
        #expect(vocabulary.tokens.count == 6)
    }

    @Test func saysWhatIsMissing() throws {
        let path = folder.path
        #expect(
            try failure { _ = try ModelFiles(at: folder("none")) }
                == "\(path)/none: cannot open the model: No such file or directory (errno 2)")
        #expect(
            try failure { _ = try ModelFiles(at: folder.url) }
                == "\(path): holds no config.json; a Hugging Face model folder has one beside its weights")
        try writeConfiguration()
        #expect(
            try failure { _ = try ModelFiles(at: folder.url) }
                == "\(path): holds neither model.safetensors nor model.safetensors.index.json")
        try folder.write("", as: "pytorch_model.bin")
        #expect(
            try failure { _ = try ModelFiles(at: folder.url) }
                == "\(path): has only pickled weights (pytorch_model.bin), which can run code when they are loaded; "
                + "convert them to safetensors, for instance with save_pretrained(folder, safe_serialization=True)")
        #expect(
            try failure { _ = try ModelFiles(at: folder("pytorch_model.bin")) }
                == "\(path)/pytorch_model.bin: is neither a Hugging Face model folder nor a GGUF file")
    }
}
