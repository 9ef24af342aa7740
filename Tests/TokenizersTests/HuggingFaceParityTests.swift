import Foundation
import PeerProcess
import Testing
import Tokenizers

/// Ids and text equal to those of Hugging Face's `tokenizers`, document by document.
@Suite(.serialized) struct HuggingFaceParityTests {
    /// The two kinds that the default study and TinyLlama need, on everything.
    @Test(arguments: ["smollm2", "llama2"]) func wholeText(_ name: String) throws {
        let text = try MixedText.whole.get()
        #expect(text.documents.reduce(0) { $0 + $1.count } >= 5_000_000)
        try expectParity(text, PublishedVocabularies.tokenizerJSON(name), specialTokens: false)
    }

    @Test(arguments: [
        "gpt2", "llama2-added", "llama2-metaspace", "llama2-splitting", "llama3", "qwen2", "qwen3", "gemma", "spaces",
    ])
    func otherKinds(_ name: String) throws {
        try expectParity(MixedText.sample.get(), PublishedVocabularies.tokenizerJSON(name), specialTokens: false)
    }

    @Test(arguments: ["smollm2", "llama2", "llama3", "qwen3", "gemma"]) func specialTokensAdded(_ name: String) throws {
        try expectParity(MixedText.sample.get(), PublishedVocabularies.tokenizerJSON(name), specialTokens: true)
    }

    private func expectParity(_ text: MixedText, _ file: URL, specialTokens: Bool) throws {
        let tokenizer = try Tokenizer(tokenizerJSON: file)
        let expected = try text.encodedByPeer(file, specialTokens: specialTokens)
        try #require(expected.count == text.documents.count)
        for (index, (document, peer)) in zip(text.documents, expected).enumerated() {
            let ids = tokenizer.encode(utf8: document, addSpecialTokens: specialTokens)
            let difference = zip(ids, peer.ids).enumerated().first { $1.0 != $1.1 }?.offset
            #expect(
                difference == nil && ids.count == peer.ids.count,
                "document \(index), token \(difference ?? min(ids.count, peer.ids.count))")
            let decoded = tokenizer.decode(peer.ids, skipSpecialTokens: specialTokens)
            #expect(decoded.utf8.elementsEqual(peer.text), "document \(index), decoded")
        }
    }
}
