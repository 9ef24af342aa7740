import Checkpoints
import Foundation
import PeerProcess
import Testing

/// The default model itself: SmolLM2-135M-Instruct in Q4_1, which `make test` fetches.
struct DefaultModelTests {
    struct NotFetched: Error, CustomStringConvertible {
        let description =
            "WINNOW_DEFAULT_MODEL is not set: run the tests with `make test`, which fetches the model and says where it is"
    }

    let url: URL

    init() throws {
        guard let path = ProcessInfo.processInfo.environment["WINNOW_DEFAULT_MODEL"], !path.isEmpty else { throw NotFetched() }
        url = URL(fileURLWithPath: path)
    }

    @Test func hasTheSizesOfSmolLM2() throws {
        let model = try ModelFiles(at: url)
        #expect(
            model.configuration
                == ModelConfiguration(
                    vocabularySize: 49152, hiddenSize: 576, intermediateSize: 1536, layerCount: 30, headCount: 9,
                    keyValueHeadCount: 3, headSize: 64, normEpsilon: 1e-5, ropeBase: 100_000, maximumPositionCount: 8192,
                    tiesEmbeddings: true, bosTokenID: 1, eosTokenIDs: [2], paddingTokenID: 2))
        #expect(model.contents == [url])
        guard case .vocabulary(let vocabulary)? = model.tokenizer else {
            Issue.record("no vocabulary")
            return
        }
        #expect(vocabulary.model == "gpt2")
        #expect(vocabulary.preTokenizer == "smollm")
        #expect(vocabulary.tokens.count == 49152)
        #expect(vocabulary.tokens[1] == "<|im_start|>")
        #expect(vocabulary.tokenTypes.count == 49152)
        #expect(vocabulary.merges.count == 48900)
        #expect(vocabulary.chatTemplate?.contains("<|im_start|>") == true)
        #expect(!vocabulary.addsBOS && !vocabulary.addsEOS && !vocabulary.addsSpacePrefix)
    }

    @Test func describesEveryTensorOfThirtyLayers() throws {
        let file = try GGUFFile(url)
        let layer: [String: [Int]] = [
            "input_layernorm": [576], "post_attention_layernorm": [576], "self_attn.q_proj": [576, 576],
            "self_attn.k_proj": [192, 576], "self_attn.v_proj": [192, 576], "self_attn.o_proj": [576, 576],
            "mlp.gate_proj": [1536, 576], "mlp.up_proj": [1536, 576], "mlp.down_proj": [576, 1536],
        ]
        var expected: [String: [Int]] = ["model.embed_tokens.weight": [49152, 576], "model.norm.weight": [576]]
        for index in 0..<30 {
            for (name, shape) in layer { expected["model.layers.\(index).\(name).weight"] = shape }
        }
        #expect(Dictionary(uniqueKeysWithValues: file.tensors.map { ($0.name, $0.shape) }) == expected)
        let types = Dictionary(grouping: file.tensors, by: \.elementType).mapValues(\.count)
        #expect(types == [.q4_1: 210, .q8_0: 1, .float32: 61])
    }

    @Test func holdsSaneWeights() throws {
        let file = try GGUFFile(url)
        let norm = try file.floats("model.norm.weight")
        #expect(norm.allSatisfy { $0.isFinite && $0 != 0 })
        let weights = try file.floats("model.layers.7.self_attn.k_proj.weight")
        let mean = weights.reduce(0) { $0 + Double($1) } / Double(weights.count)
        let deviation = (weights.reduce(0) { $0 + pow(Double($1) - mean, 2) } / Double(weights.count)).squareRoot()
        #expect(abs(mean) < 0.01)
        #expect((0.01..<1).contains(deviation))
    }
}
