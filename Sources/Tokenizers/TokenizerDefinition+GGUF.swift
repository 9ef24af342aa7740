import Checkpoints
import Foundation

/// How `tokenizer.ggml.token_type` marks tokens.
private enum TokenType {
    static let unknown: Int32 = 2
    static let control: Int32 = 3
    static let userDefined: Int32 = 4
}

extension TokenizerDefinition {
    /// Writes a GGUF file's vocabulary as `tokenizer.json`.
    ///
    /// Control tokens become special added tokens, user-defined ones plain added tokens, and the unknown token of a sentencepiece
    /// vocabulary a special one. Such a vocabulary comes with scores instead of merges: a pair merges if its
    /// concatenation is a token, the higher its score the earlier.
    init(_ vocabulary: GGUFVocabulary, file: String) throws {
        let parts: Parts =
            switch vocabulary.model {
            case "gpt2": try Self.byteLevelParts(vocabulary, file)
            case "llama": try Self.byteFallbackParts(vocabulary, file)
            default:
                throw TokenizerError.unsupported(
                    file: file, field: "tokenizer.ggml.model", kind: vocabulary.model, supported: "gpt2, llama")
            }
        let specials = TokenizerConfiguration(
            bosToken: try Self.token(vocabulary.bosTokenID, of: vocabulary, file),
            eosToken: try Self.token(vocabulary.eosTokenID, of: vocabulary, file),
            unknownToken: try Self.token(vocabulary.unknownTokenID, of: vocabulary, file),
            paddingToken: try Self.token(vocabulary.paddingTokenID, of: vocabulary, file),
            chatTemplate: vocabulary.chatTemplate)
        let document = JSONValue.object([
            ("version", .string("1.0")), ("truncation", .null), ("padding", .null),
            ("added_tokens", Self.addedTokens(vocabulary)),
            ("normalizer", parts.normalizer), ("pre_tokenizer", parts.preTokenizer),
            ("post_processor", Self.postProcessor(vocabulary, specials)),
            ("decoder", parts.decoder), ("model", parts.model),
        ])
        self.init(file: file, tokenizerJSON: Data(document.serialized()), configuration: specials)
    }

    private struct Parts {
        var normalizer: JSONValue
        var preTokenizer: JSONValue
        var decoder: JSONValue
        var model: JSONValue
    }

    private static func typed(_ type: String, _ members: [(key: String, value: JSONValue)] = []) -> JSONValue {
        .object([("type", .string(type))] + members)
    }

    // MARK: Byte-level

    private static func byteLevelParts(_ vocabulary: GGUFVocabulary, _ file: String) throws -> Parts {
        func byteLevel(usesRegex: Bool) -> JSONValue {
            typed(
                "ByteLevel", [("add_prefix_space", .bool(false)), ("trim_offsets", .bool(true)), ("use_regex", .bool(usesRegex))])
        }
        func sequence(_ first: JSONValue, usesRegex: Bool) -> JSONValue {
            typed("Sequence", [("pretokenizers", .array([first, byteLevel(usesRegex: usesRegex)]))])
        }
        func split(_ expression: String) -> JSONValue {
            typed(
                "Split",
                [
                    ("pattern", .object([("Regex", .string(expression))])), ("behavior", .string("Isolated")),
                    ("invert", .bool(false)),
                ])
        }
        let (preTokenizer, normalizer, ignoresMerges): (JSONValue, JSONValue, Bool) =
            switch vocabulary.preTokenizer {
            case "gpt-2": (byteLevel(usesRegex: true), .null, false)
            case "smollm", "starcoder":
                (sequence(typed("Digits", [("individual_digits", .bool(true))]), usesRegex: true), .null, false)
            case "llama-bpe", "llama3", "llama-v3": (sequence(split(WordPattern.llama3Expression), usesRegex: false), .null, true)
            case "qwen2": (sequence(split(WordPattern.qwen2Expression), usesRegex: false), typed("NFC"), false)
            case let name:
                throw TokenizerError.unsupported(
                    file: file, field: "tokenizer.ggml.pre", kind: name ?? "a file without it",
                    supported: "gpt-2, smollm, starcoder, llama-bpe, qwen2")
            }
        let merges = try vocabulary.merges.enumerated().map { rank, merge -> JSONValue in
            let parts = merge.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false).compactMap { String($0) }
            guard parts.count == 2 else {
                throw TokenizerError.malformed(
                    file: file, field: "tokenizer.ggml.merges", problem: "merge \(rank) is not a pair of tokens")
            }
            return .array(parts.map { .string($0) })
        }
        return Parts(
            normalizer: normalizer, preTokenizer: preTokenizer, decoder: byteLevel(usesRegex: true),
            model: model(vocabulary, merges: merges, unknown: nil, fallsBackToBytes: false, ignoresMerges: ignoresMerges))
    }

    // MARK: Sentencepiece

    private static func byteFallbackParts(_ vocabulary: GGUFVocabulary, _ file: String) throws -> Parts {
        guard vocabulary.scores.count == vocabulary.tokens.count else {
            throw TokenizerError.malformed(
                file: file, field: "tokenizer.ggml.scores",
                problem: "\(vocabulary.scores.count) scores for \(vocabulary.tokens.count) tokens")
        }
        func replace(_ old: String, _ new: String) -> JSONValue {
            typed("Replace", [("pattern", .object([("String", .string(old))])), ("content", .string(new))])
        }
        let prefix = vocabulary.addsSpacePrefix ? [typed("Prepend", [("prepend", .string("▁"))])] : []
        let strip = typed("Strip", [("content", .string(" ")), ("start", .number(1)), ("stop", .number(0))])
        let decoders = [replace("▁", " "), typed("ByteFallback"), typed("Fuse")] + (vocabulary.addsSpacePrefix ? [strip] : [])
        let merges = try scoredMerges(vocabulary, file).map { JSONValue.array([.string($0), .string($1)]) }
        return Parts(
            normalizer: typed("Sequence", [("normalizers", .array(prefix + [replace(" ", "▁")]))]), preTokenizer: .null,
            decoder: typed("Sequence", [("decoders", .array(decoders))]),
            model: model(
                vocabulary, merges: merges, unknown: try token(vocabulary.unknownTokenID, of: vocabulary, file),
                fallsBackToBytes: true,
                ignoresMerges: false))
    }

    /// In bytes. Every cut of a token is looked up, which takes the square of its length; sentencepiece makes 16 characters.
    private static let longestScoredToken = 512

    /// Every way to put a token together from two others, in the order in which sentencepiece would: by score, then in
    /// the order in which Hugging Face's converter sorts them, which decides between equal scores.
    private static func scoredMerges(_ vocabulary: GGUFVocabulary, _ file: String) throws -> [(String, String)] {
        struct Merge {
            var (left, right): (Substring.UnicodeScalarView, Substring.UnicodeScalarView)
            var score: Float
            var (leftCount, rightCount): (Int, Int)
        }
        if let long = vocabulary.tokens.firstIndex(where: { $0.utf8.count > longestScoredToken }) {
            throw TokenizerError.malformed(
                file: file, field: "tokenizer.ggml.tokens[\(long)]",
                problem:
                    "\(vocabulary.tokens[long].utf8.count) bytes; a token of a scored vocabulary has at most \(longestScoredToken)"
            )
        }
        let known = Vocabulary(vocabulary.tokens.enumerated().map { ($1, Int32($0)) })
        var merges: [Merge] = []
        for (token, score) in zip(vocabulary.tokens, vocabulary.scores) {
            let scalars = Substring(token).unicodeScalars
            var splits: [(ids: (Int32, Int32), merge: Merge)] = []
            for (count, index) in scalars.indices.enumerated().dropFirst() {
                let (left, right) = (scalars[..<index], scalars[index...])
                guard let leftID = known.id(of: String(left)), let rightID = known.id(of: String(right)) else { continue }
                splits.append(
                    (
                        (leftID, rightID),
                        Merge(left: left, right: right, score: score, leftCount: count, rightCount: scalars.count - count)
                    ))
            }
            merges += splits.sorted { $0.ids < $1.ids }.map(\.merge)
        }
        // Swift's sort is stable, as Python's is.
        merges.sort { ($0.score, $0.leftCount, $0.rightCount) > ($1.score, $1.leftCount, $1.rightCount) }
        return merges.map { (String($0.left), String($0.right)) }
    }

    // MARK: Both

    private static func model(
        _ vocabulary: GGUFVocabulary, merges: [JSONValue], unknown: String?, fallsBackToBytes: Bool, ignoresMerges: Bool
    ) -> JSONValue {
        typed(
            "BPE",
            [
                ("dropout", .null), ("unk_token", unknown.map { .string($0) } ?? .null), ("continuing_subword_prefix", .null),
                ("end_of_word_suffix", .null), ("fuse_unk", .bool(fallsBackToBytes)), ("byte_fallback", .bool(fallsBackToBytes)),
                ("ignore_merges", .bool(ignoresMerges)),
                ("vocab", .object(vocabulary.tokens.enumerated().map { ($1, .number(Double($0))) })),
                ("merges", .array(merges)),
            ])
    }

    private static func addedTokens(_ vocabulary: GGUFVocabulary) -> JSONValue {
        let added = zip(vocabulary.tokens, vocabulary.tokenTypes).enumerated().compactMap { id, token -> JSONValue? in
            let (content, type) = token
            guard [TokenType.unknown, TokenType.control, TokenType.userDefined].contains(type) else { return nil }
            return .object([
                ("id", .number(Double(id))), ("content", .string(content)), ("single_word", .bool(false)),
                ("lstrip", .bool(false)),
                ("rstrip", .bool(false)), ("normalized", .bool(false)), ("special", .bool(type != TokenType.userDefined)),
            ])
        }
        return .array(added)
    }

    private static func postProcessor(_ vocabulary: GGUFVocabulary, _ specials: TokenizerConfiguration) -> JSONValue {
        let bos = vocabulary.addsBOS ? both(specials.bosToken, vocabulary.bosTokenID) : nil
        let eos = vocabulary.addsEOS ? both(specials.eosToken, vocabulary.eosTokenID) : nil
        guard bos != nil || eos != nil else { return .null }
        func piece(_ token: (String, Int), type: Int) -> JSONValue {
            .object([("SpecialToken", .object([("id", .string(token.0)), ("type_id", .number(Double(type)))]))])
        }
        func text(_ name: String, type: Int) -> [JSONValue] {
            [.object([("Sequence", .object([("id", .string(name)), ("type_id", .number(Double(type)))]))])]
        }
        func around(_ name: String, type: Int) -> [JSONValue] {
            (bos.map { [piece($0, type: type)] } ?? []) + text(name, type: type) + (eos.map { [piece($0, type: type)] } ?? [])
        }
        let tokens = [bos, eos].compactMap { $0 }.map { token -> (key: String, value: JSONValue) in
            let entry: [(key: String, value: JSONValue)] = [
                ("id", .string(token.0)), ("ids", .array([.number(Double(token.1))])), ("tokens", .array([.string(token.0)])),
            ]
            return (token.0, .object(entry))
        }
        return typed(
            "TemplateProcessing",
            [
                ("single", .array(around("A", type: 0))), ("pair", .array(around("A", type: 0) + around("B", type: 1))),
                ("special_tokens", .object(tokens)),
            ])
    }

    private static func both(_ text: String?, _ id: Int?) -> (String, Int)? {
        guard let text, let id else { return nil }
        return (text, id)
    }

    private static func token(_ id: Int?, of vocabulary: GGUFVocabulary, _ file: String) throws -> String? {
        guard let id else { return nil }
        guard vocabulary.tokens.indices.contains(id) else {
            throw TokenizerError.malformed(
                file: file, field: "tokenizer.ggml",
                problem: "the special token \(id) is outside the vocabulary of \(vocabulary.tokens.count)")
        }
        return vocabulary.tokens[id]
    }
}
