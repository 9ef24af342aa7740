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

    /// The field that a file is refused for.
    private func malformed(_ json: String) -> String? {
        do {
            _ = try load(json)
            return nil
        } catch TokenizerError.malformed(_, let field, _) {
            return field
        } catch {
            return "\(error)"
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
        #""vocab": {"a": 2097152}, "merges": []"#,
        #""vocab": {"a": 0}"#,
        #""vocab": {"a": 0}, "merges": [], "unk_token": "<unk>""#,
    ])
    func contradictions(_ model: String) {
        #expect { try load(document(model: model)) } throws: { error in
            guard case TokenizerError.malformed(_, let field, _) = error else { return false }
            return field.hasPrefix("model")
        }
    }

    /// Ids that tables of gigabytes would be made for, or that no Int32 is one more than.
    @Test(arguments: [2_097_152, 2_147_483_647]) func anIDFarAboveTheOthersIsRefused(id: Int) {
        #expect(malformed(document(#""added_tokens": [{"id": \#(id), "content": "x"}]"#)) == "added_tokens[0].id")
    }

    @Test func aTemplatesTokensAreInTheVocabulary() throws {
        func template(_ id: Int, times: Int = 1) -> String {
            let ids = Array(repeating: "\(id)", count: times).joined(separator: ", ")
            return #"""
                "post_processor": {"type": "TemplateProcessing", "single": [{"SpecialToken": {"id": "s"}}, {"Sequence": {"id": "A"}}],
                "special_tokens": {"t": {"ids": [0]}, "s": {"ids": [\#(ids)]}, "s": {"ids": [0]}}}
                """#
        }
        #expect(try load(document(template(2))).encode("a", addSpecialTokens: true) == [2, 0])
        #expect(malformed(document(template(3))) == "the document")
        #expect(try load(document(template(1, times: 1024))).encode("a", addSpecialTokens: true).count == 1025)
        #expect(malformed(document(template(1, times: 1025))) == "post_processor")
    }

    /// Each step is small and sensible; all together would turn a letter into 2⁴⁰.
    @Test func stepsThatMultiplyATextAreRefused() {
        func steps(_ count: Int, _ step: String) -> String { Array(repeating: step, count: count).joined(separator: ", ") }
        let double = #"{"type": "Replace", "pattern": {"String": "a"}, "content": "aa"}"#
        func normalizer(_ count: Int, _ step: String) -> String {
            document(#""normalizer": {"type": "Sequence", "normalizers": [\#(steps(count, step))]}"#)
        }
        #expect(throws: Never.self) { try load(normalizer(6, double)) }
        #expect(malformed(normalizer(7, double)) == "the document")
        #expect(
            malformed(normalizer(1, #"{"type": "Prepend", "prepend": "\#(String(repeating: "a", count: 257))"}"#))
                == "the document")
        #expect(malformed(normalizer(33, #"{"type": "NFC"}"#)) == "the document")
        #expect(
            malformed(document(decoder: #"{"type": "Sequence", "decoders": [\#(steps(40, double))]}"#)) == "decoder")
        let digits = steps(33, #"{"type": "Digits", "individual_digits": true}"#)
        #expect(
            malformed(document(#""pre_tokenizer": {"type": "Sequence", "pretokenizers": [\#(digits)]}"#)) == "pre_tokenizer")
    }

    @Test(arguments: [0, 257]) func aMarkOfNoPossibleLengthIsRefused(count: Int) {
        let mark = String(repeating: "a", count: count)
        let metaspace = #"{"type": "Metaspace", "replacement": "\#(mark)", "prepend_scheme": "never"}"#
        #expect(malformed(document(#""pre_tokenizer": \#(metaspace)"#)) == "pre_tokenizer")
        let split = #"{"type": "Split", "pattern": {"String": "\#(mark)"}, "behavior": "MergedWithPrevious", "invert": false}"#
        #expect(malformed(document(#""pre_tokenizer": \#(split)"#))?.hasPrefix("pre_tokenizer") == true)
    }

    @Test func addedTokensOfMegabytesAreRefused() {
        let long = String(repeating: "a", count: 1 << 19)
        func added(_ more: String) -> String {
            document(#""added_tokens": [{"id": 0, "content": "\#(long)"}, {"id": 1, "content": "\#(long)\#(more)"}]"#)
        }
        #expect(throws: Never.self) { try load(added("")) }
        #expect(malformed(added("a")) == "the document")
    }

    /// Spaces between added tokens that swallow spaces on both sides, and are spaces themselves: each is walked through once.
    @Test(.timeLimit(.minutes(1))) func spacesAroundTokensTakeTimeInProportion() throws {
        let space = #"{"id": 1, "content": " ", "lstrip": true, "rstrip": true, "normalized": false}"#
        let tokenizer = try load(document(#""added_tokens": [\#(space)]"#))
        #expect(tokenizer.encode("a   \u{3000} a") == [0, 1, 1, 1, 1, 0])
        #expect(tokenizer.encode("a" + String(repeating: " ", count: 200_000) + "a").count == 200_002)
    }

    /// Eight letters each, whose hashes end in the same bits: a table of them would take the square of their number.
    @Test func wordsChosenToCollideAreRefused() {
        /// Undoes the hash's one round, for words of eight bytes.
        func word(hashing hash: UInt64) -> [UInt8] {
            var (inverse, factor) = (UInt64(1), UInt64(0xD6E8_FEB8_6659_FD93))
            // Newton's iteration, five bits right at first.
            inverse = 3 &* factor ^ 2
            for _ in 0..<4 { inverse = inverse &* (2 &- factor &* inverse) }
            factor = (hash ^ hash &>> 32) &* inverse ^ 8 &* 0x9E37_79B9_7F4A_7C15
            return withUnsafeBytes(of: factor.littleEndian, Array.init)
        }
        var words: [String] = []
        var high: UInt64 = 0
        while words.count < 600 {
            high += 1
            // Bits 20 to 33 are 0, which choose the slot.
            let bytes = word(hashing: high << 34 | high & 0xF_FFFF)
            if bytes.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != 0x22 && $0 != 0x5C }) {
                words.append(String(decoding: bytes, as: UTF8.self))
            }
        }
        func vocabulary(_ words: [String]) -> String {
            "\"vocab\": {" + words.enumerated().map { "\"\($1)\": \($0)" }.joined(separator: ", ") + "}, \"merges\": []"
        }
        #expect(malformed(document(model: vocabulary(words))) == "model")
        #expect(throws: Never.self) { try load(document(model: vocabulary(words.map { "w" + $0 }))) }
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
