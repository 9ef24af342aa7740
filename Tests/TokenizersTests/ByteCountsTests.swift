import Testing
import Tokenizers

/// Where each token stands in the text.
@Suite struct ByteCountsTests {
    @Test(arguments: ["smollm2", "gpt2", "llama2", "llama3"]) func prefixesEndWhereTheCountsSay(_ name: String) throws {
        let tokenizer = try Tokenizer(tokenizerJSON: PublishedVocabularies.tokenizerJSON(name))
        for text in ["The naïve Straße 数学 👩🏽‍🔬 costs 12345 €.\n\n  x = y ", "  two spaces first", "é", ""] {
            let ids = tokenizer.encode(text)
            let counts = tokenizer.byteCounts(of: ids)
            #expect(counts.count == ids.count)
            // `gpt2` puts a space before the text.
            let text = tokenizer.decode(ids)
            #expect(counts.reduce(0, +) == text.utf8.count)
            var end = 0
            for (index, count) in counts.enumerated() {
                end += count
                // A prefix that ends within a character decodes to U+FFFD, of another length.
                guard let prefix = String(validating: text.utf8.prefix(end), as: UTF8.self) else { continue }
                #expect(tokenizer.decode(Array(ids[...index])) == prefix)
            }
        }
    }
}
