import Foundation
import Testing
import Tokenizers

/// A file that asks for something else is refused, with the place and the name of what it asks for.
struct TokenizerErrorTests {
    private func load(_ json: String) throws -> Tokenizer {
        let file = FileManager.default.temporaryDirectory.appendingPathComponent("winnow-\(UUID().uuidString).json")
        defer { try? FileManager.default.removeItem(at: file) }
        try Data(json.utf8).write(to: file)
        return try Tokenizer(tokenizerJSON: file)
    }

    private func document(
        _ changes: String = "", model: String = #""vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b"]"#,
        decoder: String = #"{"type": "Fuse"}"#
    ) -> String {
        #"{"model": {"type": "BPE", \#(model)}, "decoder": \#(decoder) \#(changes.isEmpty ? "" : ", " + changes)}"#
    }

    private func unsupported(_ json: String) -> (field: String, kind: String)? {
        do {
            _ = try load(json)
            return nil
        } catch TokenizerError.unsupported(_, let field, let kind, _) {
            return (field, kind)
        } catch {
            Issue.record("\(error)")
            return nil
        }
    }

    @Test func theSmallestFileLoads() throws {
        let tokenizer = try load(document())
        #expect(tokenizer.encode("abba") == [2, 1, 0])
        #expect(tokenizer.decode([2, 1, 0]) == "abba")
    }

    @Test(arguments: [
        (#""normalizer": {"type": "Lowercase"}"#, "normalizer", "Lowercase"),
        (
            #""normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "Strip"}]}"#,
            "normalizer.normalizers[1]", "Strip"
        ),
        (#""pre_tokenizer": {"type": "Whitespace"}"#, "pre_tokenizer", "Whitespace"),
        (#""post_processor": {"type": "BertProcessing"}"#, "post_processor", "BertProcessing"),
    ])
    func unknownKinds(_ change: String, _ field: String, _ kind: String) {
        let error = unsupported(document(change))
        #expect(error?.field == field && error?.kind == kind)
    }

    @Test func unknownPatternModelAndDecoder() {
        let split = #"{"type": "Split", "pattern": {"Regex": "\\w+"}, "behavior": "Isolated", "invert": false}"#
        #expect(unsupported(document(#""pre_tokenizer": \#(split)"#))?.field == "pre_tokenizer.pattern")
        let commas = #"{"type": "Split", "pattern": {"String": ","}, "behavior": "Isolated", "invert": false}"#
        #expect(unsupported(document(#""pre_tokenizer": \#(commas)"#))?.field == "pre_tokenizer")
        #expect(unsupported(#"{"model": {"type": "Unigram", "vocab": []}}"#)?.kind == "Unigram")
        #expect(unsupported(document(decoder: #"{"type": "WordPiece"}"#))?.kind == "WordPiece")
        #expect(unsupported(document(model: #""dropout": 0.1, "vocab": {"a": 0}, "merges": []"#))?.field == "model.dropout")
    }

    @Test(arguments: [
        #""vocab": {"a": 0, "b": 1}, "merges": ["a b"]"#,
        #""vocab": {"a": 0, "b": 1, "ab": 2}, "merges": ["a b c"]"#,
        #""vocab": {"a": -1}, "merges": []"#,
        #""vocab": {"a": 0.5}, "merges": []"#,
        #""vocab": {"a": 999999999}, "merges": []"#,
        #""vocab": {"a": 0}"#,
        #""vocab": {"a": 0}, "merges": [], "unk_token": "<unk>""#,
    ])
    func contradictions(_ model: String) {
        #expect { try load(document(model: model)) } throws: { error in
            guard case TokenizerError.malformed(_, let field, _) = error else { return false }
            return field.hasPrefix("model")
        }
    }

    @Test(arguments: [
        "", "{", #"{"a": "#, #"{"a": "b"#, #"{"a": 1} x"#, #"{"a": "\u12"}"#, String(repeating: "[", count: 100_000),
    ])
    func brokenJSON(_ text: String) {
        #expect { try load(text) } throws: { error in
            guard case TokenizerError.invalidJSON = error else { return false }
            return true
        }
    }

    /// Swift's strings take these two for one character; the vocabulary must not.
    @Test func canonicallyEquivalentTokensStayApart() throws {
        let tokenizer = try load(document(model: #""vocab": {"\u8c48": 0, "\uf900": 1, "\ud83e\uddea": 2}, "merges": []"#))
        #expect(tokenizer.encode("\u{8C48}\u{F900}\u{1F9EA}") == [0, 1, 2])
        #expect(tokenizer.id(of: "\u{F900}") == 1)
        #expect(tokenizer.decode([1]).unicodeScalars.elementsEqual(["\u{F900}"]))
    }

    @Test func missingFile() {
        #expect { try Tokenizer(at: URL(fileURLWithPath: "/nowhere/tokenizer.json")) } throws: { error in
            guard case TokenizerError.unreadable(let file, _) = error else { return false }
            return file == "/nowhere/tokenizer.json"
        }
    }
}
