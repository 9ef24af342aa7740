import Corpora
import Testing
import Tokenizers

@Suite struct MarkedTokensTests {
    @Test func aTokenWithOneBadByteIsBad() throws {
        let tokenizer = try Tokenizer(vocabulary: TokenizerEncoderTests.vocabulary(merges: ["t h", "th e", "Ġ the"]))
        //          0123456789012
        let text = "the the the x"
        // The last byte of the second word, and no byte of the third.
        let marked = try #require(MarkedTokens(MarkedText(text, bad: [6..<7], context: [0..<3]), encoder: tokenizer))
        #expect(marked.tokens.map { tokenizer.decode([$0]) } == ["the", " the", " the", " ", "x"])
        #expect(marked.marks == [.context, .bad, .good, .good, .good])
        // A space alone reaches into the token that carries it.
        let space = try #require(MarkedTokens(MarkedText(text, bad: [7..<8, 12..<13]), encoder: tokenizer))
        #expect(space.marks == [.good, .good, .bad, .good, .bad])
    }

    /// A character's bytes may be tokens of their own: each is placed by its byte.
    @Test func tokensOfPartsOfACharacterArePlaced() throws {
        let tokenizer = try Tokenizer(vocabulary: TokenizerEncoderTests.vocabulary(merges: []))
        let text = "é数x"
        let marked = try #require(MarkedTokens(MarkedText(text, bad: [2..<5]), encoder: tokenizer))
        #expect(marked.marks == [.good, .good, .bad, .bad, .bad, .good])
    }

    /// What damage put there is bad, byte for byte, under an encoder of bytes.
    @Test(arguments: TextCorruptionRegistry.names) func theMarksAreTheEdits(_ name: String) throws {
        let clean = (0..<80).map { "Some modern line \($0) of ordinary text." }.joined(separator: "\n")
        let damaged = try TextCorruptionRegistry.corruption(named: name).corrupt(clean, share: 0.2, seed: 1, document: 0)
        let marked = try #require(MarkedTokens(MarkedText(damaged), encoder: ByteEncoder()))
        let bad = Set(damaged.replaced.flatMap { $0 })
        #expect(!bad.isEmpty)
        #expect(marked.marks.indices.allSatisfy { (marked.marks[$0] == .bad) == bad.contains($0) })
    }

    @Test func textThatItsTokensDoNotSpellIsRefused() {
        struct LowerCasing: TextEncoder {
            let vocabularySize = 256
            func encode(_ text: String) -> [Int32] { text.lowercased().utf8.map { Int32($0) } }
            func decode(_ tokens: [Int32]) -> String { String(decoding: tokens.map { UInt8($0) }, as: UTF8.self) }
        }
        #expect(MarkedTokens(MarkedText("abc", bad: []), encoder: LowerCasing()) != nil)
        #expect(MarkedTokens(MarkedText("aBc", bad: []), encoder: LowerCasing()) == nil)
    }
}
