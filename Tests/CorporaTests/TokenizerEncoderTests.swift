import Checkpoints
import Corpora
import Foundation
import Testing
import Tokenizers

/// A model's tokenizer as the encoder of a corpus.
@Suite struct TokenizerEncoderTests {
    let folder = try! TemporaryFolder()

    /// GPT-2's byte-level alphabet, an end-of-text token and `merges`.
    static func vocabulary(merges: [String]) -> GGUFVocabulary {
        let printable = Array(33...126) + Array(161...172) + Array(174...255)
        let others = (0...255).filter { !printable.contains($0) }
        let scalars = printable + others.indices.map { 256 + $0 }
        let bytes = scalars.map { String(Character(Unicode.Scalar($0)!)) }
        let tokens = ["<|endoftext|>"] + bytes + merges.map { $0.replacing(" ", with: "") }
        return GGUFVocabulary(
            model: "gpt2", preTokenizer: "gpt-2", tokens: tokens,
            tokenTypes: [3] + [Int32](repeating: 1, count: tokens.count - 1),
            merges: merges, bosTokenID: 0, eosTokenID: 0)
    }

    @Test func theFingerprintIsOfWhatATokenizerDoesNotOfItsFile() throws {
        let tokenizer = try Tokenizer(vocabulary: Self.vocabulary(merges: ["t h", "th e", "Ġ the"]))
        let json = try folder.write(tokenizer.tokenizerJSON(), to: "tokenizer.json")
        #expect(try Tokenizer(tokenizerJSON: json).fingerprint() == tokenizer.fingerprint())
        let other = try Tokenizer(vocabulary: Self.vocabulary(merges: ["h e", "t he", "Ġ the"]))
        #expect(other.fingerprint() != tokenizer.fingerprint())
        #expect(tokenizer.fingerprint().count == 32)
    }

    @Test func aCorpusHoldsTheTokenizersTokens() async throws {
        let tokenizer = try Tokenizer(vocabulary: Self.vocabulary(merges: ["t h", "th e", "Ġ the"]))
        let text = "the\n  theory of the naïve 数学"
        var options = CorpusOptions()
        options.split = .fraction(0)
        let output = folder.url.appendingPathComponent("corpus")
        let input = try folder.write(text, to: "a.txt")
        _ = try await CorpusPreparation(inputs: [input.path], options: options, encoder: tokenizer).run(to: output)
        let corpus = try PreparedCorpus(output)
        try corpus.check(madeWith: tokenizer)
        let tokens = corpus.train.tokens(in: 0..<corpus.train.tokenCount)
        #expect(tokens == tokenizer.encode(text))
        #expect(tokens.count < text.utf8.count)
        #expect(tokenizer.decode(tokens) == text)
    }
}
