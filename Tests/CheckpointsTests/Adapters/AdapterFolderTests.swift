import Checkpoints
import Foundation
import PeerProcess
import Testing

struct AdapterFolderTests {
    let folder = try! TemporaryFolder()

    private func adapter() -> AdapterFolder {
        func values(_ count: Int, _ start: Int) -> [Float] { (0..<count).map { Float(($0 + start) % 17) / 16 - 0.5 } }
        return AdapterFolder(
            configuration: AdapterConfiguration(
                rank: 4, alpha: 12, dropout: 0.05, targetModules: .names(["down_proj", "q_proj"]), baseModel: "tiny"),
            modules: [
                "model.layers.0.self_attn.q_proj": LowRankPair(a: values(64, 1), b: values(64, 2), rank: 4),
                "model.layers.1.self_attn.q_proj": LowRankPair(a: values(64, 3), b: values(64, 4), rank: 4),
                "model.layers.0.mlp.down_proj": LowRankPair(a: values(96, 5), b: values(64, 6), rank: 4),
                "model.layers.1.mlp.down_proj": LowRankPair(a: values(96, 7), b: values(64, 8), rank: 4),
            ])
    }

    private func key(_ module: String, _ matrix: String) -> String { "base_model.model.\(module).lora_\(matrix).weight" }

    @Test func readsWhatPEFTWrote() throws {
        try PeerProcess.run(oracle("peft_write.py"), [folder.path])
        let adapter = try AdapterFolder(at: folder("adapter"))
        #expect(adapter.configuration.rank == 4)
        #expect(adapter.configuration.alpha == 12)
        #expect(adapter.configuration.dropout == 0.05)
        #expect(adapter.configuration.targetModules == .names(["down_proj", "q_proj", "v_proj"]))
        #expect(adapter.modules.count == 6)
        for (module, pair) in adapter.modules {
            #expect(try pair.a.bits == folder.bits(key(module, "A")), "\(module)")
            #expect(try pair.b.bits == folder.bits(key(module, "B")), "\(module)")
        }
        let down = try #require(adapter.modules["model.layers.1.mlp.down_proj"])
        #expect((down.inputSize, down.outputSize, down.rank) == (24, 16, 4))
    }

    @Test func writesWhatPEFTReads() throws {
        let model = TinyModel(tied: true)
        try ModelFolderWriter(configuration: model.configuration, tensors: model.tensors)
            .write(to: folder("base")) { model.weights(of: $0) }
        let adapter = adapter()
        try adapter.write(to: folder("adapter"))
        let output = try PeerProcess.run(
            oracle("transformers_read.py"), [folder("base").path, folder("adapter").path, folder.path])
        for (module, pair) in adapter.modules {
            #expect(try pair.a.bits == folder.bits(key(module, "A")), "\(module)")
            #expect(try pair.b.bits == folder.bits(key(module, "B")), "\(module)")
        }
        let read = try JSONDecoder().decode(AdapterConfiguration.self, from: Data(output.utf8))
        #expect(read == adapter.configuration)
    }

    @Test func readsBackWhatItWrote() throws {
        try adapter().write(to: folder("adapter"))
        #expect(try AdapterFolder(at: folder("adapter")) == adapter())
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: folder("adapter").path).sorted()
                == ["adapter_config.json", "adapter_model.safetensors"])
    }

    @Test func namesEveryTensorThatDoesNotBelong() throws {
        try adapter().write(to: folder("adapter"))
        let url = folder("adapter/adapter_model.safetensors")
        func tensor(_ name: String, _ shape: [Int]) -> (TensorDescription, TensorValues) {
            let description = TensorDescription(name: name, elementType: .float32, shape: shape)
            return (description, .floats([Float](repeating: 0, count: description.count)))
        }
        try SafetensorsWriter.write(
            [
                tensor("base_model.model.lm_head.weight", [2]),
                tensor(key("model.layers.0.self_attn.q_proj", "A"), [3, 16]),
                tensor(key("model.layers.0.self_attn.v_proj", "A"), [4, 16]),
                tensor(key("model.layers.0.self_attn.v_proj", "B"), [8, 4]),
            ], to: url)
        #expect(
            try failure { _ = try AdapterFolder(at: folder("adapter")) } == "\(url.path): "
                + [
                    "tensor 'base_model.model.lm_head.weight' is no LoRA matrix",
                    "tensor '\(key("model.layers.0.self_attn.q_proj", "A"))' has the shape [3, 16], and r is 4",
                    "tensor '\(key("model.layers.0.self_attn.q_proj", "A"))' lacks its partner '\(key("model.layers.0.self_attn.q_proj", "B"))'",
                    "'model.layers.0.self_attn.v_proj' is not among target_modules",
                    "there are no matrices for the target module 'down_proj'",
                ].joined(separator: "; "))
    }

    /// Left to itself, `(a+)+b` takes a second a module until ICU's stack is full.
    @Test func givesUpOnAPatternThatNeverDecides() {
        let modules = (0..<40).map { String(repeating: "a", count: 40 + $0) }
        let pattern = AdapterConfiguration.TargetModules.pattern("(a+)+b")
        let start = ContinuousClock.now
        #expect(!modules.contains(where: pattern.contains))
        #expect(ContinuousClock.now - start < .seconds(5))
        #expect(pattern.contains(modules[0] + "b"))
    }

    @Test(arguments: [
        AdapterConfiguration.TargetModules.pattern(String(repeating: "a", count: 1001)),
        .names([String(repeating: "a", count: 1001)]), .names((0...1000).map { "m\($0)" }),
    ])
    func refusesTargetsTooLongToTry(targets: AdapterConfiguration.TargetModules) throws {
        let configuration = AdapterConfiguration(rank: 1, alpha: 1, targetModules: targets)
        #expect(try failure { try configuration.validate() }?.contains("target_modules") == true)
    }

    @Test func saysWhatIsMissing() throws {
        let path = folder.path
        #expect(
            try failure { _ = try AdapterFolder(at: folder.url) }
                == "\(path): is not a PEFT adapter folder: it holds no adapter_config.json")
        try adapter().write(to: folder.url)
        try FileManager.default.removeItem(at: folder("adapter_model.safetensors"))
        #expect(
            try failure { _ = try AdapterFolder(at: folder.url) }
                == "\(path): is not a PEFT adapter folder: it holds no adapter_model.safetensors")
        try folder.write("", as: "adapter_model.bin")
        #expect(
            try failure { _ = try AdapterFolder(at: folder.url) }?.hasPrefix(
                "\(path): has only pickled weights (adapter_model.bin)")
                == true)
    }
}
