import Checkpoints
import Foundation
import PeerProcess
import Testing
import Tokenizers

/// The vocabulary inside a GGUF file behaves as the `tokenizer.json` it was made from.
struct GGUFVocabularyTests {
    @Test func byteLevel() throws {
        try expectEqual(
            Tokenizer(at: PublishedVocabularies.defaultModel()),
            Tokenizer(tokenizerJSON: PublishedVocabularies.tokenizerJSON("smollm2")))
    }

    @Test func sentencepiece() throws {
        try expectEqual(
            Tokenizer(at: PublishedVocabularies.llama2GGUF()),
            Tokenizer(tokenizerJSON: PublishedVocabularies.tokenizerJSON("llama2")))
    }

    private func expectEqual(_ ours: Tokenizer, _ reference: Tokenizer) throws {
        #expect(ours.vocabularySize == reference.vocabularySize)
        for (index, document) in try MixedText.sample.get().documents.enumerated() {
            let ids = ours.encode(utf8: document, addSpecialTokens: true)
            #expect(ids == reference.encode(utf8: document, addSpecialTokens: true), "document \(index)")
            #expect(ours.decode(ids) == reference.decode(ids), "document \(index)")
        }
    }

    /// Every cut of a token is looked up: a megabyte in one would take 10¹² steps.
    @Test func aTokenTooLongToCutIsRefused() {
        func vocabulary(_ length: Int) -> GGUFVocabulary {
            GGUFVocabulary(
                model: "llama", preTokenizer: nil, tokens: ["a", String(repeating: "a", count: length)], tokenTypes: [1, 1],
                merges: [],
                scores: [0, 1], addsBOS: false, addsEOS: false, addsSpacePrefix: false)
        }
        #expect(throws: Never.self) { try Tokenizer(vocabulary: vocabulary(512)) }
        #expect {
            try Tokenizer(vocabulary: vocabulary(513))
        } throws: {
            "\($0)".contains("tokenizer.ggml.tokens[1]: 513 bytes")
        }
    }

    @Test func specialTokens() throws {
        let tokenizer = try Tokenizer(at: PublishedVocabularies.defaultModel())
        #expect(tokenizer.bosTokenID == 1 && tokenizer.eosTokenID == 2 && tokenizer.vocabularySize == 49152)
        #expect(tokenizer.token(of: 1) == "<|im_start|>" && tokenizer.id(of: "<|im_end|>") == 2)
        #expect(tokenizer.encode("a<|im_end|>b").contains(2))
        #expect(tokenizer.decode([1, 2]) == "<|im_start|><|im_end|>")
        #expect(tokenizer.decode([1, 2], skipSpecialTokens: true).isEmpty)
    }

    /// What `winnow merge` writes beside a GGUF's weights is a folder that transformers loads.
    @Test(arguments: [true, false]) func loadsInTransformers(_ isDefault: Bool) throws {
        let tokenizer = try Tokenizer(at: isDefault ? PublishedVocabularies.defaultModel() : PublishedVocabularies.llama2GGUF())
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("winnow-folder-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        try tokenizer.tokenizerJSON().write(to: folder.appendingPathComponent("tokenizer.json"))
        try tokenizer.tokenizerConfigurationJSON().write(to: folder.appendingPathComponent("tokenizer_config.json"))
        let text = "Let $x_1 \\in \\mathbb{Z}$;\r\n  it's 2024: naïve 好的 👩🏽‍🔬<|im_end|></s> end"
        try Data(text.utf8).write(to: folder.appendingPathComponent("text"))

        struct Answer: Decodable {
            var ids: [Int32]
            var bos, eos, chat: String?
        }
        let output = try PeerProcess.run(
            PeerProcess.oracle("automatic.py"), [folder.path, folder.appendingPathComponent("text").path])
        let answer = try JSONDecoder().decode(Answer.self, from: Data(output.utf8))
        #expect(answer.ids == tokenizer.encode(text, addSpecialTokens: true))
        #expect(answer.bos == tokenizer.bosTokenID.flatMap { tokenizer.token(of: $0) })
        #expect(answer.eos == tokenizer.eosTokenID.flatMap { tokenizer.token(of: $0) })
        #expect((answer.chat?.contains("<|im_start|>user\nHello") ?? false) == isDefault)

        let reread = try Tokenizer(at: folder)
        #expect(reread.bosTokenID == tokenizer.bosTokenID && reread.eosTokenID == tokenizer.eosTokenID)
        #expect(reread.tokenizerJSON() == tokenizer.tokenizerJSON())
    }
}
