import Checkpoints
import Foundation
import Testing

struct GGUFConfigurationTests {
    let folder = try! TemporaryFolder()

    @Test func fillsInWhatTheFileLeavesOut() throws {
        let file = try GGUFFile(folder.write(GGUFBytes.tinyLlama().bytes, as: "tiny.gguf"))
        #expect(
            try file.configuration()
                == ModelConfiguration(
                    vocabularySize: 6, hiddenSize: 32, intermediateSize: 64, layerCount: 1, headCount: 2, keyValueHeadCount: 2,
                    headSize: 16, normEpsilon: 1e-5, ropeBase: 10000, maximumPositionCount: 64, tiesEmbeddings: true,
                    bosTokenID: 1))
        let vocabulary = try file.vocabulary()
        #expect(
            vocabulary
                == GGUFVocabulary(
                    model: "gpt2", preTokenizer: nil, tokens: ["a", "b", "c", "d", "e", "f"], merges: ["a b"], bosTokenID: 1))
    }

    @Test(arguments: [
        (
            "llama.expert_count", GGUFBytes.uint32(8),
            "llama.expert_count is 8, which is not supported; supported: models without experts"
        ),
        (
            "llama.rope.scaling.type", GGUFBytes.string("yarn"),
            "llama.rope.scaling.type is yarn, which is not supported; supported: none"
        ),
        (
            "llama.attention.sliding_window", GGUFBytes.uint32(4096),
            "llama.attention.sliding_window is 4096, which is not supported; supported: no window; take the Hugging Face folder"
        ),
        (
            "llama.rope.dimension_count", GGUFBytes.uint32(8),
            "llama.rope.dimension_count is 8, which is not supported; supported: 16, all of a head"
        ),
        (
            "llama.vocab_size", GGUFBytes.uint32(7),
            "tensor 'model.embed_tokens.weight' has the shape [6, 32] where [7, 32] is needed"
        ),
        ("llama.block_count", GGUFBytes.uint32(0), "num_hidden_layers is 0, which is not a possible size"),
    ])
    func refusesWhatItWouldGetWrong(key: String, value: [UInt8], problem: String) throws {
        var file = GGUFBytes.tinyLlama()
        file.set(key, value)
        let url = try folder.write(file.bytes, as: "bad.gguf")
        #expect(try failure { _ = try GGUFFile(url).configuration() } == "\(url.path): \(problem)")
    }

    @Test func refusesLlamaThreesScaledFrequencies() throws {
        var file = GGUFBytes.tinyLlama()
        file.tensors.append(GGUFBytes.tensor("rope_freqs.weight", [8]))
        let url = try folder.write(file.bytes, as: "bad.gguf")
        #expect(
            try failure { _ = try GGUFFile(url).configuration() }
                == "\(url.path): rope_freqs.weight is a tensor, which is not supported; "
                + "supported: unscaled RoPE; for Llama 3.1 take the Hugging Face folder")
    }

    @Test(arguments: [
        ("tokenizer.ggml.bos_token_id", GGUFBytes.uint32(6), "tokenizer.ggml.bos_token_id is 6, of 6 tokens"),
        (
            "tokenizer.ggml.token_type", GGUFBytes.array(of: 5, count: 1, [1, 0, 0, 0]),
            "tokenizer.ggml.token_type has 1 entries for 6 tokens"
        ),
        (
            "tokenizer.ggml.tokens", GGUFBytes.uint32(3),
            "'tokenizer.ggml.tokens' is integer(3), where an array of strings is needed"
        ),
    ])
    func refusesAVocabularyThatContradictsItself(key: String, value: [UInt8], problem: String) throws {
        var file = GGUFBytes.tinyLlama()
        file.set(key, value)
        let url = try folder.write(file.bytes, as: "bad.gguf")
        #expect(
            try failure { _ = try GGUFFile(url).vocabulary() }
                == "\(url.path): \(problem); the file is damaged or incomplete: fetch or write it again")
    }
}
