import Checkpoints
import Foundation
import Models
import PeerProcess
import Torch

/// What transformers and PEFT make of a model: `Oracles/llama_oracle.py` describes the tensors.
///
/// All cases are computed by one start of Python, when the first test asks.
public struct LlamaOracle: Sendable {
    /// The models on which Winnow is compared with its peers.
    public enum Case: String, CaseIterable, Sendable {
        /// Random, grouped heads, every weight trained; tied embeddings.
        case tied
        /// Random, grouped heads, every weight trained; a head of its own, Llama 3's rotary scaling, attention biases, a
        /// head size that isn't width over heads, and weights in several files.
        case untied
        /// Random and tied, an adapter on all linear layers, gradients clipped.
        case adapted
        /// Random and untied, an adapter on two kinds of layer.
        case adaptedUntied
        /// The default model's own weights, with the gradient of every one of them; no optimizer steps.
        case standard
        /// The default model's own weights with an adapter.
        case standardAdapted
    }

    /// Where the model is: a Hugging Face folder or a GGUF file.
    public let model: URL
    /// The PEFT folder, in the adapted cases.
    public let adapter: URL
    public let expected: SafetensorsFile

    public init(_ name: Case) throws {
        self = try Self.all.get()[name]!
    }

    public func loadModel() throws -> any CausalLM {
        let files = try ModelFiles(at: model)
        return try ModelRegistry.load(files.configuration, weights: files.weights)
    }

    public func loadAdapter(for model: any CausalLM) throws -> LoRAAdapter? {
        guard FileManager.default.fileExists(atPath: adapter.path) else { return nil }
        return try LoRAAdapter(AdapterFolder(at: adapter), for: model)
    }

    /// An integer tensor of the expectation.
    public func tokens(_ name: String) throws -> Tensor {
        Tensor(try expected.integers(name), shape: expected.description(of: name)!.shape)
    }

    /// The GGUF that the set-up fetched.
    public static func defaultModel() throws -> URL {
        guard let path = ProcessInfo.processInfo.environment["WINNOW_DEFAULT_MODEL"], !path.isEmpty else {
            throw PeerProcess.Failure(description: "WINNOW_DEFAULT_MODEL is not set: run the tests with `make test`")
        }
        return URL(fileURLWithPath: path)
    }

    /// All linear layers of a decoder, as an adapter's `target_modules` names them.
    public static let everyLayer = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

    /// The path of one of the Python programs in `Oracles`.
    public static func script(_ name: String) -> String { PeerProcess.oracle(name) }

    // MARK: How they are made

    private static let all: Result<[Case: LlamaOracle], any Error> = Result {
        let oracles = try computed(
            Dictionary(uniqueKeysWithValues: Case.allCases.map { ($0.rawValue, try $0.specification()) }))
        return Dictionary(uniqueKeysWithValues: Case.allCases.map { ($0, oracles[$0.rawValue]!) })
    }

    /// What the peers make of models that specifications describe, by name, in one start of Python; `llama_oracle.py` says what a
    /// specification holds. The names must be unlike those of other calls.
    public static func computed(_ specifications: [String: [String: Any]]) throws -> [String: LlamaOracle] {
        var arguments: [String] = []
        for (name, specification) in specifications {
            let place = folder.file(name)
            try FileManager.default.createDirectory(at: place, withIntermediateDirectories: true)
            let file = place.appendingPathComponent("spec.json")
            try JSONSerialization.data(withJSONObject: specification).write(to: file)
            arguments += [file.path, place.path]
        }
        try PeerProcess.run(PeerProcess.oracle("llama_oracle.py"), arguments)
        return try Dictionary(
            uniqueKeysWithValues: specifications.map { name, specification in
                let place = folder.file(name)
                let loaded = (specification["load"] as? String).map { URL(fileURLWithPath: $0) }
                return (
                    name,
                    LlamaOracle(
                        model: loaded ?? place.appendingPathComponent("model"), adapter: place.appendingPathComponent("adapter"),
                        expected: try SafetensorsFile(place.appendingPathComponent("expected.safetensors")))
                )
            })
    }

    // A static is never released, so the folder is removed when the process exits.
    private static let folder: TemporaryFolder = {
        let folder = try! TemporaryFolder()
        leftover = folder.url.path
        atexit { try? FileManager.default.removeItem(atPath: LlamaOracle.leftover) }
        return folder
    }()
    nonisolated(unsafe) private static var leftover = ""

    private init(model: URL, adapter: URL, expected: SafetensorsFile) {
        (self.model, self.adapter, self.expected) = (model, adapter, expected)
    }
}

extension LlamaOracle.Case {
    /// Optimizer steps of the cases that have any.
    public static let stepCount = 10

    /// As `adamw` in the oracle's specification.
    public var learningRate: Double { self == .standardAdapted ? 1e-4 : 1e-3 }
    public var weightDecay: Double { 0.01 }
    public var clipNorm: Double? { self == .adaptedUntied ? nil : 1 }

    /// "The river rose in the night, and by morning …" and "A prime number has exactly two divisors, …" in the default
    /// model's tokens: on text, under an adapter as small as a trained one, its losses are of the size that matters.
    private static let sentences = [
        [
            504, 4626, 8739, 281, 260, 3163, 28, 284, 411, 5738, 260, 2208, 3705, 592, 656, 913, 43, 14938, 761, 2275, 288, 1485,
            260, 11108,
        ],
        [
            49, 9552, 1230, 553, 3869, 827, 3044, 40520, 28, 582, 284, 2581, 28, 588, 260, 13341, 9552, 314, 827, 284, 665, 314,
            787, 3995,
        ],
    ]

    func specification() throws -> [String: Any] {
        var result: [String: Any] = [:]
        let sizes: [String: Any] = [
            "vocab_size": 61, "hidden_size": 32, "intermediate_size": 48, "num_hidden_layers": 2, "num_attention_heads": 4,
            "num_key_value_heads": 2, "max_position_embeddings": 64,
        ]
        switch self {
        case .tied, .adapted:
            result["model"] = sizes.merging(["tie_word_embeddings": true, "seed": 1]) { $1 }
        case .untied, .adaptedUntied:
            result["model"] = sizes.merging([
                "tie_word_embeddings": false, "head_dim": 12, "attention_bias": true, "rope_theta": 500000.0, "shard": "20KB",
                "seed": 2,
                "rope_scaling": [
                    "rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0,
                    "original_max_position_embeddings": 16,
                ],
            ]) { $1 }
        case .standard, .standardAdapted:
            result["load"] = try LlamaOracle.defaultModel().path
        }
        switch self {
        case .adapted: result["lora"] = ["r": 4, "alpha": 8, "targets": LlamaOracle.everyLayer, "seed": 3]
        case .adaptedUntied: result["lora"] = ["r": 2, "alpha": 6, "targets": ["q_proj", "v_proj"], "seed": 4]
        case .standardAdapted:
            result["lora"] = ["r": 8, "alpha": 16, "targets": LlamaOracle.everyLayer, "seed": 5, "scale": 0.02]
        case .tied, .untied, .standard: break
        }
        let isStandard = self == .standard || self == .standardAdapted
        result["input_ids"] = isStandard ? Self.sentences : ["batch": 2, "length": 40, "seed": 6]
        var steps: [String: Any] = ["steps": Self.stepCount, "lr": learningRate, "weight_decay": weightDecay]
        // Random tokens at 1e-3 throw the default model to a gradient norm of 110, where an element of AdamW's first step whose sign is
        // a matter of rounding moves the next loss by 1e-4: that would compare roundings, not programs.
        steps["input_ids"] =
            isStandard
            ? Array(repeating: Self.sentences, count: Self.stepCount) as Any : ["batch": 2, "length": 16, "seed": 7]
        steps["clip"] = clipNorm
        // Ten steps of every weight of the default model would say nothing that its adapter's and the small models' don't.
        if self != .standard { result["adamw"] = steps }
        return result
    }
}
