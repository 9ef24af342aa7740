import Testing
import Tokenizers

struct StreamingDecoderTests {
    private static let text = "Grüße, 数学 and 👩🏽‍🔬: \u{0}\u{7} café\u{301}\n  done."

    @Test(arguments: ["smollm2", "llama2"]) func piecesAddUpToTheWhole(_ name: String) throws {
        let tokenizer = try Tokenizer(tokenizerJSON: PublishedVocabularies.tokenizerJSON(name))
        for document in try MixedText.sample.get().documents + [Array(Self.text.utf8)] {
            let ids = tokenizer.encode(utf8: document)
            var decoder = tokenizer.streamingDecoder()
            let pieces = ids.map { decoder.push($0) }
            #expect(pieces.joined() + decoder.finish() == tokenizer.decode(ids))
        }
    }

    /// Text that the vocabulary can write comes back whole, and no piece holds a part of a character.
    @Test(arguments: ["smollm2", "llama2"]) func neverHalfACharacter(_ name: String) throws {
        let tokenizer = try Tokenizer(tokenizerJSON: PublishedVocabularies.tokenizerJSON(name))
        let ids = tokenizer.encode("数学 👩🏽‍🔬 Grüße")
        #expect(ids.count > 12, "characters of several tokens are what this is about")
        var decoder = tokenizer.streamingDecoder()
        var result = ""
        for id in ids {
            let piece = decoder.push(id)
            #expect(!piece.unicodeScalars.contains("\u{FFFD}"))
            result += piece
        }
        #expect(result + decoder.finish() == "数学 👩🏽‍🔬 Grüße")
    }

    @Test func unfinishedCharacterIsRepairedAtTheEnd() throws {
        let tokenizer = try Tokenizer(tokenizerJSON: PublishedVocabularies.tokenizerJSON("llama2"))
        let first = try #require(tokenizer.id(of: "<0xE6>"))
        let second = try #require(tokenizer.id(of: "<0x95>"))
        var decoder = tokenizer.streamingDecoder()
        #expect(decoder.push(first).isEmpty && decoder.push(second).isEmpty)
        #expect(decoder.finish() == "\u{FFFD}\u{FFFD}")
        let word = try #require(tokenizer.id(of: "▁the"))
        #expect(decoder.push(word) == "the", "the decoder starts afresh, and strips the first space again")
        #expect(decoder.push(word) == " the")
    }

    @Test func unknownIDsAddNothing() throws {
        let tokenizer = try Tokenizer(tokenizerJSON: PublishedVocabularies.tokenizerJSON("smollm2"))
        #expect(tokenizer.decode([-1, 49152, .max]).isEmpty)
        #expect(tokenizer.token(of: 49152) == nil && tokenizer.token(of: -1) == nil)
    }
}
