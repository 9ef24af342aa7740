import Checkpoints
import Foundation

/// Text to token ids and back, as Hugging Face's `tokenizers` does it.
///
/// It reads `tokenizer.json` and the vocabulary inside a GGUF file: byte-level BPE (GPT-2's, SmolLM's, Llama 3's and
/// Qwen's pre-tokenizers) and BPE with byte fallback as Llama 2's, Mistral's and Gemma's files have it. What a file asks for and Winnow doesn't implement is an error that names it,
/// except `truncation` and `padding`, which `transformers` ignores, too: a text is always encoded whole.
///
/// Encoding: added tokens are cut out of the text, what lies between them is normalized, cut into words, and merged word by word.
/// One tokenizer serves any number of threads.
public final class Tokenizer: Sendable {
    /// One more than the largest id, added tokens included: how many rows an embedding must have.
    public let vocabularySize: Int
    public let bosTokenID: Int32?
    public let eosTokenID: Int32?

    let definition: TokenizerDefinition
    private let model: BPEModel
    private let normalizer: [TextRewrite]
    private let preTokenizer: PreTokenizer
    private let template: SpecialTokenTemplate
    private let decoder: TokenDecoder
    /// The added tokens that are looked for in the text as given, and those looked for once it is normalized.
    private let (givenTextTokens, normalizedTextTokens): (AddedTokenMatcher, AddedTokenMatcher)
    private let addedIDs: [String: Int32]
    private let addedTexts: [Int32: String]
    private let specialIDs: Set<Int32>
    private let workspaces = WorkspacePool()

    init(_ definition: TokenizerDefinition) throws {
        self.definition = definition
        let root = JSONNode(
            value: try JSONValue(parsing: definition.tokenizerJSON, file: definition.file), file: definition.file, path: "")
        normalizer = try root.member("normalizer").map { try [TextRewrite](normalizer: $0) } ?? []
        try normalizer.check(root)
        var preTokenizer = try root.member("pre_tokenizer").map { try PreTokenizer($0) } ?? PreTokenizer()
        model = try BPEModel(try root.required("model"), isByteLevel: preTokenizer.isByteLevel)
        if let boundaries = model.boundaries { preTokenizer.splitters.append(.mergeBoundaries(boundaries)) }
        self.preTokenizer = preTokenizer
        template = try root.member("post_processor").map { try SpecialTokenTemplate($0) } ?? SpecialTokenTemplate()

        let added = try root.member("added_tokens")?.elements().map { try AddedToken($0) } ?? []
        guard added.reduce(0, { $0 + $1.content.utf8.count }) <= TokenizerLimits.addedBytes else {
            throw root.malformed("added_tokens of more than \(TokenizerLimits.addedBytes) bytes together")
        }
        let vocabulary = model.vocabulary
        addedIDs = Dictionary(added.map { ($0.content, $0.id) }, uniquingKeysWith: { $1 })
        addedTexts = Dictionary(added.map { ($0.id, $0.content) }, uniquingKeysWith: { $1 })
        specialIDs = Set(added.lazy.filter(\.isSpecial).map(\.id))
        let (given, normalized) = (added.filter { !$0.isNormalized }, added.filter(\.isNormalized))
        givenTextTokens = AddedTokenMatcher(given, texts: given.map { Array($0.content.utf8) })
        let normalizer = normalizer
        normalizedTextTokens = AddedTokenMatcher(
            normalized,
            texts: normalized.map { token in
                var content = token.content
                return content.withUTF8 { normalizer.withRewritten($0, isFirst: true) { Array($0) } }
            })

        let size = max(vocabulary.count, (added.map { Int($0.id) }.max() ?? -1) + 1)
        vocabularySize = size
        guard (template.before + template.after).allSatisfy({ $0 < size }) else {
            throw root.malformed("post_processor puts tokens around a text that the vocabulary lacks")
        }
        let addedTexts = addedTexts
        decoder = try TokenDecoder(
            try root.required("decoder"),
            tokens: (0..<Int32(size)).map { id in
                addedTexts[id] ?? vocabulary.text(of: id).map { String(decoding: $0, as: UTF8.self) }
            })
        bosTokenID = definition.bosToken.flatMap { [addedIDs] in addedIDs[$0] ?? vocabulary.id(of: $0) }
        eosTokenID = definition.eosToken.flatMap { [addedIDs] in addedIDs[$0] ?? vocabulary.id(of: $0) }
    }

    // MARK: Encoding

    /// The token ids of a text, `addSpecialTokens` with those around it that the tokenizer's template asks for.
    ///
    /// Special tokens written in the text become their ids in either case.
    public func encode(_ text: String, addSpecialTokens: Bool = false) -> [Int32] {
        var text = text
        return text.withUTF8 { encode(validUTF8: $0, addSpecialTokens: addSpecialTokens) }
    }

    /// The token ids of UTF-8. Bytes that are none become U+FFFD, as `bytes.decode("utf-8", errors="replace")` has it in Python:
    /// one for each longest start of a character that breaks off, one for every other byte.
    public func encode(utf8 bytes: some Collection<UInt8>, addSpecialTokens: Bool = false) -> [Int32] {
        encode(String(decoding: bytes, as: UTF8.self), addSpecialTokens: addSpecialTokens)
    }

    private func encode(validUTF8 text: UnsafeBufferPointer<UInt8>, addSpecialTokens: Bool) -> [Int32] {
        var tokens: [Int32] = []
        tokens.reserveCapacity(text.count / 3 + 8)
        if addSpecialTokens { tokens += template.before }
        workspaces.withWorkspace { workspace in
            givenTextTokens.forEachSegment(in: text) { segment in
                switch segment {
                case .token(let id): tokens.append(id)
                case .text(let range):
                    let part = UnsafeBufferPointer(rebasing: text[range])
                    encode(part, isFirst: range.lowerBound == 0, with: workspace, into: &tokens)
                }
            }
        }
        if addSpecialTokens { tokens += template.after }
        return tokens
    }

    /// Encodes what lies between the added tokens of the text as given.
    private func encode(
        _ part: UnsafeBufferPointer<UInt8>, isFirst: Bool, with workspace: EncodingWorkspace, into tokens: inout [Int32]
    ) {
        normalizer.withRewritten(part, isFirst: isFirst) { normalized in
            normalizedTextTokens.forEachSegment(in: normalized) { segment in
                switch segment {
                case .token(let id): tokens.append(id)
                case .text(let range):
                    let piece = UnsafeBufferPointer(rebasing: normalized[range])
                    preTokenizer.rewrites.withRewritten(piece, isFirst: isFirst && range.lowerBound == 0) { rewritten in
                        var words = WordCursor(rewritten, preTokenizer.splitters)
                        while let word = words.next() { model.encode(word, with: workspace, into: &tokens) }
                    }
                }
            }
        }
    }

    // MARK: Decoding

    /// The text of token ids. Bytes that are no UTF-8 become U+FFFD; an id that no token has adds nothing.
    public func decode(_ ids: [Int32], skipSpecialTokens: Bool = false) -> String {
        var decoder = streamingDecoder(skipSpecialTokens: skipSpecialTokens)
        for id in ids { decoder.append(id) }
        return decoder.finish()
    }

    public func streamingDecoder(skipSpecialTokens: Bool = false) -> StreamingDecoder {
        StreamingDecoder(decoder, skipping: skipSpecialTokens ? specialIDs : [])
    }

    /// How many bytes each token adds to the decoded text, where that is UTF-8 without repairs.
    public func byteCounts(of ids: [Int32]) -> [Int] {
        var toStrip = decoder.strippedCount
        return ids.map { id in
            switch decoder.piece(of: id) {
            case nil: return 0
            case .fallbackByte(let byte):
                let isStripped = toStrip > 0 && byte == decoder.strippedByte
                toStrip = isStripped ? toStrip - 1 : 0
                return isStripped ? 0 : 1
            case .bytes(let bytes):
                let stripped = bytes.prefix(toStrip).prefix { $0 == decoder.strippedByte }.count
                toStrip = bytes.count == stripped ? toStrip - stripped : 0
                return bytes.count - stripped
            }
        }
    }

    // MARK: Single tokens

    /// A token as the vocabulary writes it (`Ġthe`, `▁the`), `nil` where no token has this id.
    public func token(of id: Int32) -> String? {
        addedTexts[id] ?? model.vocabulary.text(of: id).map { String(decoding: $0, as: UTF8.self) }
    }

    /// The id of a token as the vocabulary writes it.
    public func id(of token: String) -> Int32? {
        addedIDs[token] ?? model.vocabulary.id(of: token)
    }
}
