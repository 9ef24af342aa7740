import Checkpoints
import Foundation
import Testing

/// What each family's `config.json` says of its layers, and what is refused by name.
struct ModelFamilyTests {
    let folder = try! TemporaryFolder()

    /// Four layers of a family, with `changes` on top.
    private func configuration(_ architecture: String, _ changes: String = "{}") throws -> URL {
        let base = """
            {"architectures": ["\(architecture)"], "vocab_size": 32, "hidden_size": 64, "intermediate_size": 24,
             "num_hidden_layers": 4, "num_attention_heads": 32}
            """
        return try folder.write(try json(base, changed: changes), as: "config.json")
    }

    private func pieces(_ architecture: String, _ changes: String = "{}") throws -> LayerPieces {
        try ModelConfiguration(contentsOf: configuration(architecture, changes)).pieces
    }

    @Test(arguments: [
        ("LlamaForCausalLM", "{}", LayerPieces()),
        ("LlamaForCausalLM", #"{"attention_bias": true, "sliding_window": 9}"#, LayerPieces(attentionBias: .all)),
        ("MistralForCausalLM", "{}", LayerPieces(window: SlidingWindow(length: 4096, layers: 0..<4))),
        ("MistralForCausalLM", #"{"sliding_window": null}"#, LayerPieces()),
        (
            "MistralForCausalLM", #"{"sliding_window": 9, "layer_types": ["sliding_attention"]}"#,
            LayerPieces(window: SlidingWindow(length: 9, layers: 0..<4))
        ),
        ("Qwen2ForCausalLM", #"{"sliding_window": 9, "max_window_layers": 2}"#, LayerPieces(attentionBias: .queryKeyValue)),
        (
            "Qwen2ForCausalLM", #"{"use_sliding_window": true, "max_window_layers": 3}"#,
            LayerPieces(attentionBias: .queryKeyValue, window: SlidingWindow(length: 4096, layers: 3..<4))
        ),
        ("Qwen2ForCausalLM", #"{"use_sliding_window": true}"#, LayerPieces(attentionBias: .queryKeyValue)),
        (
            "Qwen3ForCausalLM",
            #"""
            {"use_sliding_window": true, "sliding_window": 9, "max_window_layers": 4, "attention_bias": true,
             "layer_types": ["full_attention", "full_attention", "sliding_attention", "sliding_attention"]}
            """#,
            LayerPieces(attentionBias: .all, normalizesHeads: true, window: SlidingWindow(length: 9, layers: 2..<4))
        ),
        (
            "GemmaForCausalLM", #"{"hidden_act": "gelu", "hidden_activation": "gelu_pytorch_tanh"}"#,
            LayerPieces(activation: .geluTanh, normsAddOne: true, scalesEmbeddings: true)
        ),
    ])
    func pieces(architecture: String, changes: String, expected: LayerPieces) throws {
        #expect(try pieces(architecture, changes) == expected)
    }

    /// Where a file is silent, transformers' classes differ.
    @Test func silenceMeansWhatItMeansToTheFamily() throws {
        func read(_ architecture: String) throws -> ModelConfiguration {
            try ModelConfiguration(contentsOf: configuration(architecture))
        }
        let all = try ["Llama", "Mistral", "Qwen2", "Qwen3", "Gemma"].map { try read($0 + "ForCausalLM") }
        #expect(all.map(\.keyValueHeadCount) == [32, 8, 32, 32, 16])
        #expect(all.map(\.headSize) == [2, 2, 2, 128, 256])
        #expect(all.map(\.maximumPositionCount) == [2048, 131072, 32768, 32768, 8192])
        #expect(all.map(\.tiesEmbeddings) == [false, false, false, false, true])
    }

    @Test(arguments: [
        ("MistralForCausalLM", #"{"attention_bias": true}"#, "attention_bias is true, which is not supported; supported: false"),
        (
            "MistralForCausalLM", #"{"layer_types": ["sliding_attention", "full_attention"]}"#,
            "layer_types is full_attention, which is not supported; "
                + "supported: sliding_attention in every layer, as sliding_window says"
        ),
        ("MistralForCausalLM", #"{"sliding_window": 0}"#, "sliding_window is 0, which is not a possible size"),
        ("MistralForCausalLM", #"{"hidden_act": "gelu"}"#, "hidden_act is gelu, which is not supported; supported: silu"),
        ("Qwen2ForCausalLM", #"{"attention_bias": true}"#, "attention_bias is true, which is not supported; supported: false"),
        (
            "Qwen2ForCausalLM",
            #"{"layer_types": ["full_attention", "full_attention", "full_attention", "sliding_attention"]}"#,
            "layer_types is full_attention, full_attention, full_attention, sliding_attention, which is not supported; "
                + "supported: one for each layer: full_attention, then, with use_sliding_window, sliding_attention"
        ),
        (
            "Qwen3ForCausalLM",
            #"{"use_sliding_window": true, "layer_types": ["sliding_attention", "full_attention", "full_attention", "x", "y"]}"#,
            "layer_types is sliding_attention, full_attention, full_attention, x, …, which is not supported; "
                + "supported: one for each layer: full_attention, then, with use_sliding_window, sliding_attention"
        ),
        (
            "Qwen2ForCausalLM", #"{"rope_scaling": {"type": "yarn", "factor": 4.0}}"#,
            "rope_scaling.rope_type is yarn, which is not supported; supported: default, llama3"
        ),
        (
            "GemmaForCausalLM", #"{"hidden_act": "gelu"}"#,
            "hidden_act is gelu, which is not supported; supported: gelu_pytorch_tanh"
        ),
        (
            "Gemma2ForCausalLM", "{}",
            "unknown architecture 'Gemma2ForCausalLM'; known: GemmaForCausalLM, LlamaForCausalLM, MistralForCausalLM, Qwen2ForCausalLM, Qwen3ForCausalLM"
        ),
    ])
    func refuses(architecture: String, changes: String, problem: String) throws {
        let url = try configuration(architecture, changes)
        #expect(try failure { _ = try ModelConfiguration(contentsOf: url) } == "\(url.path): \(problem)")
    }

    /// Sizes that no model has, which must not be counted to.
    @Test(arguments: [-1, 0, 2_147_483_647]) func layersThatCannotBeAreNotListed(count: Int) throws {
        for architecture in ["Mistral", "Qwen2", "Qwen3"] {
            let changes = #"{"use_sliding_window": true, "max_window_layers": -3, "num_hidden_layers": \#(count)}"#
            let url = try configuration(architecture + "ForCausalLM", changes)
            let problem = try failure { _ = try ModelConfiguration(contentsOf: url) }
            #expect((problem == nil) == (count > 0), "\(problem ?? "")")
        }
    }

    @Test(arguments: [
        ("LlamaForCausalLM", #"{"attention_bias": true}"#), ("MistralForCausalLM", "{}"),
        ("MistralForCausalLM", #"{"sliding_window": null}"#), ("Qwen2ForCausalLM", "{}"),
        ("Qwen2ForCausalLM", #"{"use_sliding_window": true, "max_window_layers": 1}"#),
        ("Qwen3ForCausalLM", #"{"attention_bias": true}"#), ("GemmaForCausalLM", #"{"attention_bias": true}"#),
    ])
    func survivesARoundTrip(architecture: String, changes: String) throws {
        let model = try ModelConfiguration(contentsOf: configuration(architecture, changes))
        #expect(try JSONDecoder().decode(ModelConfiguration.self, from: JSONEncoder().encode(model)) == model)
    }
}
