import Foundation
import Testing
import Tokenizers

struct TokenizerTests {
    @Test(arguments: ["smollm2", "llama2", "llama3"]) func roundTrip(_ name: String) throws {
        let tokenizer = try Tokenizer(tokenizerJSON: PublishedVocabularies.tokenizerJSON(name))
        for text in [
            "", "a", " two  spaces", "  leading", "tab\tand\r\nlines\n\n", "Zürich 数学 🧪 e\u{301}",
            "x<|im_end|>y",
        ] {
            #expect(tokenizer.decode(tokenizer.encode(text)).utf8.elementsEqual(text.utf8), "\(text.debugDescription)")
        }
    }

    /// SmolLM2's vocabulary lacks 21 bytes; they vanish, as they do in Hugging Face's tokenizers.
    @Test func missingBytesAreDropped() throws {
        let tokenizer = try Tokenizer(tokenizerJSON: PublishedVocabularies.tokenizerJSON("smollm2"))
        let lacking = (0..<128).map { Unicode.Scalar(UInt8($0)) }.filter { tokenizer.encode(String($0)).isEmpty }
        #expect(!lacking.isEmpty)
        for byte in lacking { #expect(tokenizer.encode("ab\(byte)c") == tokenizer.encode("ab") + tokenizer.encode("c")) }
    }

    @Test func invalidUTF8IsRepaired() throws {
        let tokenizer = try Tokenizer(tokenizerJSON: PublishedVocabularies.tokenizerJSON("llama2"))
        let bytes: [UInt8] = [0x61, 0xE6, 0x95, 0x20, 0xFF, 0xED, 0xA0, 0x80, 0x62]
        // One for the character that breaks off, one for 0xFF, three for the surrogate.
        #expect(tokenizer.encode(utf8: bytes) == tokenizer.encode("a\u{FFFD} \u{FFFD}\u{FFFD}\u{FFFD}\u{FFFD}b"))
    }

    @Test func oneTokenizerServesManyTasks() async throws {
        let tokenizer = try Tokenizer(tokenizerJSON: PublishedVocabularies.tokenizerJSON("smollm2"))
        let documents = Array(try MixedText.sample.get().documents.suffix(200))
        let alone = documents.map { tokenizer.encode(utf8: $0) }
        let together = await withTaskGroup(of: [[Int32]].self) { group in
            for _ in 0..<8 { group.addTask { documents.map { tokenizer.encode(utf8: $0) } } }
            return await group.reduce(into: []) { $0.append($1) }
        }
        #expect(together.allSatisfy { $0 == alone })
    }
}
