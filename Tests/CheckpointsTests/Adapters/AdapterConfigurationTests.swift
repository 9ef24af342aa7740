import Checkpoints
import Foundation
import Testing

struct AdapterConfigurationTests {
    let folder = try! TemporaryFolder()

    private func configuration(_ changes: String) throws -> URL {
        let base = """
            {"peft_type": "LORA", "task_type": "CAUSAL_LM", "r": 16, "lora_alpha": 32, "lora_dropout": 0.05,
             "target_modules": ["v_proj", "q_proj"], "bias": "none", "base_model_name_or_path": "a/b"}
            """
        return try folder.write(try json(base, changed: changes), as: "adapter_config.json")
    }

    @Test func readsAndWrites() throws {
        let adapter = try AdapterConfiguration(contentsOf: configuration(#"{"use_dora": false, "rank_pattern": {}}"#))
        #expect(
            adapter
                == AdapterConfiguration(
                    rank: 16, alpha: 32, dropout: 0.05, targetModules: .names(["q_proj", "v_proj"]), baseModel: "a/b"))
        #expect(adapter.scale == 2)
        #expect(try JSONDecoder().decode(AdapterConfiguration.self, from: JSONEncoder().encode(adapter)) == adapter)
    }

    @Test func matchesModulesAsPEFTDoes() {
        let names = AdapterConfiguration.TargetModules.names(["q_proj", "layers.1.mlp.up_proj"])
        #expect(names.contains("model.layers.0.self_attn.q_proj"))
        #expect(names.contains("model.layers.1.mlp.up_proj"))
        #expect(!names.contains("model.layers.11.mlp.up_proj.x"))
        #expect(!names.contains("model.layers.0.mlp.up_proj"))
        #expect(!names.contains("model.layers.0.self_attn.xq_proj"))
        let pattern = AdapterConfiguration.TargetModules.pattern(#".*\.(q|v)_proj|lm_head"#)
        #expect(pattern.contains("model.layers.0.self_attn.v_proj"))
        #expect(pattern.contains("lm_head"))
        #expect(!pattern.contains("model.layers.0.self_attn.v_proj.base"))
        #expect(!pattern.contains("the.lm_head"))
    }

    @Test(arguments: [
        (#"{"peft_type": "IA3"}"#, "peft_type is IA3, which is not supported; supported: LORA"),
        (#"{"task_type": "SEQ_CLS"}"#, "task_type is SEQ_CLS, which is not supported; supported: CAUSAL_LM"),
        (#"{"bias": "all"}"#, "bias is all, which is not supported; supported: none"),
        (#"{"use_rslora": true}"#, "use_rslora is set, which is not supported; supported: leaving it out, null, false or empty"),
        (#"{"use_dora": true}"#, "use_dora is set, which is not supported; supported: leaving it out, null, false or empty"),
        (
            #"{"modules_to_save": ["lm_head"]}"#,
            "modules_to_save is set, which is not supported; supported: leaving it out, null, false or empty"
        ),
        (
            #"{"alpha_pattern": {"q_proj": 4}}"#,
            "alpha_pattern is set, which is not supported; supported: leaving it out, null, false or empty"
        ),
        (
            #"{"r": 0, "lora_dropout": 1, "target_modules": []}"#,
            "r is 0, below 1; lora_dropout is 1.0, not in 0..<1; target_modules is empty"
        ),
        (#"{"target_modules": "("}"#, "target_modules '(' is not a regular expression"),
    ])
    func refuses(changes: String, problem: String) throws {
        let url = try configuration(changes)
        #expect(try failure { _ = try AdapterConfiguration(contentsOf: url) } == "\(url.path): \(problem)")
    }
}
