import Checkpoints
import Foundation
import Testing

struct ModelConfigurationTests {
    let folder = try! TemporaryFolder()

    private func golden(_ name: String, file: String = #filePath) throws -> ModelConfiguration {
        let goldens = URL(fileURLWithPath: file).deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent(
            "Goldens")
        return try ModelConfiguration(contentsOf: goldens.appendingPathComponent(name))
    }

    /// A complete configuration with `changes` on top.
    private func configuration(_ changes: String = "{}", without missing: String? = nil) throws -> URL {
        let base = """
            {"architectures": ["LlamaForCausalLM"], "model_type": "llama", "vocab_size": 32, "hidden_size": 16,
             "intermediate_size": 24, "num_hidden_layers": 2, "num_attention_heads": 4}
            """
        return try folder.write(try json(base, changed: changes, without: missing), as: "config.json")
    }

    @Test func readsTinyLlama() throws {
        #expect(
            try golden("tinyllama.json")
                == ModelConfiguration(
                    vocabularySize: 32000, hiddenSize: 2048, intermediateSize: 5632, layerCount: 22, headCount: 32,
                    keyValueHeadCount: 4, headSize: 64, normEpsilon: 1e-5, ropeBase: 10000, maximumPositionCount: 2048,
                    bosTokenID: 1, eosTokenIDs: [2]))
    }

    @Test func readsSmolLM2() throws {
        #expect(
            try golden("smollm2-135m-instruct.json")
                == ModelConfiguration(
                    vocabularySize: 49152, hiddenSize: 576, intermediateSize: 1536, layerCount: 30, headCount: 9,
                    keyValueHeadCount: 3, headSize: 64, normEpsilon: 1e-5, ropeBase: 100_000, maximumPositionCount: 8192,
                    tiesEmbeddings: true, initializerRange: 0.041666666666666664, bosTokenID: 1, eosTokenIDs: [2],
                    paddingTokenID: 2))
    }

    @Test func readsLlamaThreesScalingAndItsThreeEnds() throws {
        let model = try golden("llama-3.2-1b.json")
        #expect(
            model.ropeScaling
                == RopeScaling(factor: 32, lowFrequencyFactor: 1, highFrequencyFactor: 4, originalMaximumPositionCount: 8192))
        #expect(model.ropeBase == 500_000)
        #expect(model.eosTokenIDs == [128001, 128008, 128009])
        #expect(model.eosTokenID == 128001)
    }

    @Test(arguments: ["tinyllama.json", "smollm2-135m-instruct.json", "llama-3.2-1b.json"])
    func survivesARoundTrip(name: String) throws {
        let model = try golden(name)
        #expect(try JSONDecoder().decode(ModelConfiguration.self, from: JSONEncoder().encode(model)) == model)
    }

    @Test func readsTransformersFivesRopeParameters() throws {
        let plain = try configuration(#"{"rope_parameters": {"rope_type": "default", "rope_theta": 250000.0}}"#)
        #expect(try ModelConfiguration(contentsOf: plain).ropeBase == 250_000)
        let scaled = try configuration(
            """
            {"rope_parameters": {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8, "low_freq_factor": 1,
             "high_freq_factor": 4, "original_max_position_embeddings": 8192}}
            """)
        #expect(try ModelConfiguration(contentsOf: scaled).ropeScaling?.factor == 8)
        #expect(try ModelConfiguration(contentsOf: scaled).ropeBase == 500_000)
    }

    @Test func takesHuggingFacesDefaults() throws {
        let model = try ModelConfiguration(contentsOf: configuration(#"{"head_dim": null, "num_key_value_heads": null}"#))
        #expect(
            model
                == ModelConfiguration(
                    vocabularySize: 32, hiddenSize: 16, intermediateSize: 24, layerCount: 2, headCount: 4, keyValueHeadCount: 4,
                    headSize: 4, normEpsilon: 1e-6))
        #expect(try ModelConfiguration(contentsOf: configuration(#"{"attention_bias": true}"#)).pieces.attentionBias == .all)
        #expect(try ModelConfiguration(contentsOf: configuration(without: "architectures")).architecture == "LlamaForCausalLM")
    }

    @Test(arguments: [
        (
            #"{"architectures": ["MambaForCausalLM"]}"#,
            "unknown architecture 'MambaForCausalLM'; known: GemmaForCausalLM, LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM"
        ),
        (#"{"hidden_act": "gelu"}"#, "hidden_act is gelu, which is not supported; supported: silu"),
        (#"{"mlp_bias": true}"#, "mlp_bias is true, which is not supported; supported: false"),
        (#"{"attention_dropout": 0.1}"#, "attention_dropout is 0.1, which is not supported; supported: 0.0"),
        (#"{"partial_rotary_factor": 0.5}"#, "partial_rotary_factor is 0.5, which is not supported; supported: 1.0"),
        (
            #"{"quantization_config": {"bits": 4}}"#,
            "quantization_config is set, which is not supported; supported: unquantized weights; GGUF files for quantized ones"
        ),
        (
            #"{"rope_scaling": {"type": "linear", "factor": 2}}"#,
            "rope_scaling.rope_type is linear, which is not supported; supported: default, llama3"
        ),
        (
            """
            {"rope_scaling": {"rope_type": "llama3", "factor": 0.5, "low_freq_factor": 4, "high_freq_factor": 1,
             "original_max_position_embeddings": 0}}
            """,
            "rope_scaling.factor is 0.5, below 1; rope_scaling.low_freq_factor (4.0) and high_freq_factor (1.0) do not ascend from 0; "
                + "rope_scaling.original_max_position_embeddings is 0, below 1"
        ),
        (
            #"{"hidden_size": -16, "num_hidden_layers": 0, "rms_norm_eps": 0, "head_dim": 3}"#,
            "hidden_size is -16, which is not a possible size; num_hidden_layers is 0, which is not a possible size; "
                + "head_dim is 3, and rotary embedding needs it even; rms_norm_eps is 0.0, not above 0"
        ),
        (
            #"{"num_key_value_heads": 3}"#,
            "num_attention_heads (4) is not a multiple of num_key_value_heads (3)"
        ),
        (#"{"vocab_size": 1099511627776}"#, "vocab_size is 1099511627776, which is not a possible size"),
        (
            #"{"num_attention_heads": 3, "num_key_value_heads": 3}"#,
            "hidden_size (16) is not a multiple of num_attention_heads (3), and head_dim is not given"
        ),
    ])
    func refuses(changes: String, problem: String) throws {
        let url = try configuration(changes)
        #expect(try failure { _ = try ModelConfiguration(contentsOf: url) } == "\(url.path): \(problem)")
    }

    @Test func namesAMissingKeyAndBrokenJSON() throws {
        let url = try configuration(without: "hidden_size")
        #expect(
            try failure { _ = try ModelConfiguration(contentsOf: url) }?.hasPrefix("\(url.path): 'hidden_size' is missing; ")
                == true)
        try folder.write("{", as: "config.json")
        #expect(
            try failure { _ = try ModelConfiguration(contentsOf: url) }?.hasPrefix("\(url.path): the document is broken: ")
                == true)
    }
}
