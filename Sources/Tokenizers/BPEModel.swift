/// A byte-pair encoding: a vocabulary, merges, and what becomes of characters that the vocabulary lacks.
///
/// Such a character becomes the byte tokens `<0x00>`…`<0xFF>` of its UTF-8 where the model falls back to bytes, else the unknown
/// token where there is one, else nothing: 21 of the 256 bytes are missing in SmolLM2's vocabulary, and are dropped, as
/// Hugging Face's `tokenizers` drops them.
final class BPEModel: Sendable {
    let vocabulary: Vocabulary
    /// Where a text may be cut before merging; `nil` where a cut could change the result.
    let boundaries: MergeBoundaries?

    private let merges: MergeTable
    /// Whether words come as bytes, each of which is a character of `ByteLevelAlphabet`.
    private let isByteLevel: Bool
    /// Takes a word that is a token as it is, whatever the merges would make of it.
    private let ignoresMerges: Bool
    /// The tokens that are whole words, by their bytes; empty unless merges are ignored.
    private let wholeWords: Vocabulary
    /// The tokens of the first characters: of all bytes, or of ASCII; -1 for those that the vocabulary lacks.
    private let singleTokens: [Int32]
    /// `<0x00>`…`<0xFF>`, -1 where missing; empty where the model doesn't fall back to bytes.
    private let byteTokens: [Int32]
    private let unknownToken: Int32?
    private let fusesUnknown: Bool

    /// Reads a `model` of type `BPE`.
    init(_ node: JSONNode, isByteLevel: Bool) throws {
        let kind = try node.member("type")?.string() ?? "BPE"
        guard kind == "BPE" else { throw node.unsupported(kind, supported: "BPE") }
        for option in ["continuing_subword_prefix", "end_of_word_suffix"] {
            if let affix = node.member(option), try !affix.string().isEmpty {
                throw affix.unsupported("an affix of subwords", supported: "none")
            }
        }
        if let dropout = node.member("dropout"), case .number(let rate) = dropout.value, rate > 0 {
            throw dropout.unsupported("random merging", supported: "no dropout")
        }
        let vocabulary = Vocabulary(try Self.entries(of: node.required("vocab")))
        guard !vocabulary.isClustered else { throw node.malformed("its tokens were chosen to collide in a hash table") }
        let texts = try Self.mergeTexts(of: node.required("merges"))
        let merges = try Self.merges(texts, vocabulary, node)

        self.vocabulary = vocabulary
        self.merges = MergeTable(merges)
        self.isByteLevel = isByteLevel
        ignoresMerges = try node.bool("ignore_merges") ?? false
        wholeWords = isByteLevel && ignoresMerges ? Self.wholeWords(of: vocabulary) : Vocabulary([])
        guard !self.merges.isClustered, !wholeWords.isClustered else {
            throw node.malformed("its merges were chosen to collide in a hash table")
        }
        singleTokens = (0..<(isByteLevel ? 256 : 128)).map { code in
            vocabulary.id(of: String(isByteLevel ? ByteLevelAlphabet.scalars[code] : Unicode.Scalar(UInt8(code)))) ?? -1
        }
        byteTokens =
            try node.bool("byte_fallback") ?? false
            ? (UInt8.min...UInt8.max).map { vocabulary.id(of: Self.name(of: $0)) ?? -1 } : []
        unknownToken = try node.member("unk_token").map { member in
            guard let id = vocabulary.id(of: try member.string()) else { throw member.malformed("not in the vocabulary") }
            return id
        }
        fusesUnknown = try node.bool("fuse_unk") ?? false

        let fallsBackAlways = !byteTokens.isEmpty && !byteTokens.contains(-1)
        let byteTokenSet = Set(byteTokens)
        let mergesBytes = merges.contains { byteTokenSet.contains($0.left) || byteTokenSet.contains($0.right) }
        boundaries = isByteLevel || ignoresMerges || !fallsBackAlways || mergesBytes ? nil : MergeBoundaries(texts)
    }

    /// Appends the tokens of one word, which is not empty.
    @inline(__always)
    func encode(_ word: UnsafeBufferPointer<UInt8>, with workspace: EncodingWorkspace, into tokens: inout [Int32]) {
        let isCached = word.count <= WordCache.longestWord
        let hash = isCached ? byteHash(word) : 0
        if isCached, let known = workspace.cache.tokens(of: word, hash: hash) {
            tokens.append(contentsOf: known)
            return
        }
        encodeAnew(word, with: workspace)
        let merged = UnsafeBufferPointer(rebasing: workspace.merger.symbols[..<workspace.merger.count])
        tokens.append(contentsOf: merged)
        if isCached { workspace.cache.insert(word, hash: hash, tokens: merged) }
    }

    private func encodeAnew(_ word: UnsafeBufferPointer<UInt8>, with workspace: EncodingWorkspace) {
        let merger = workspace.merger
        merger.removeAll()
        if ignoresMerges, let whole = isByteLevel ? wholeWords.id(of: word) : vocabulary.id(of: word) {
            merger.append(whole)
            return
        }
        appendSymbols(of: word, to: merger)
        merger.merge(with: merges)
    }

    private func appendSymbols(of word: UnsafeBufferPointer<UInt8>, to merger: BPEMerger) {
        // An unknown token waits until a known character follows, so that those after it can fuse with it;
        // byte tokens overtake it, as they do in Hugging Face's `merge_word`.
        var unknownWaits = false
        var index = 0
        while index < word.count {
            let first = word[index]
            let length = isByteLevel ? 1 : Self.characterLength(first)
            let character = UnsafeBufferPointer(rebasing: word[index..<index + length])
            index += length
            if let token = length == 1 ? Self.known(singleTokens[Int(first)]) : vocabulary.id(of: character) {
                if unknownWaits, let unknownToken { merger.append(unknownToken) }
                unknownWaits = false
                merger.append(token)
            } else if !appendBytes(of: character, to: merger), let unknownToken {
                if unknownWaits, !fusesUnknown { merger.append(unknownToken) }
                unknownWaits = true
            }
        }
        if unknownWaits, let unknownToken { merger.append(unknownToken) }
    }

    /// Appends a character's byte tokens where the model has them all.
    private func appendBytes(of character: UnsafeBufferPointer<UInt8>, to merger: BPEMerger) -> Bool {
        guard !byteTokens.isEmpty else { return false }
        // In a byte-level model the character that is missing is the alphabet's, not the byte itself.
        let bytes = isByteLevel ? Array(String(ByteLevelAlphabet.scalars[Int(character[0])]).utf8) : Array(character)
        guard bytes.allSatisfy({ byteTokens[Int($0)] >= 0 }) else { return false }
        for byte in bytes { merger.append(byteTokens[Int(byte)]) }
        return true
    }

    @inline(__always)
    private static func known(_ token: Int32) -> Int32? { token >= 0 ? token : nil }

    @inline(__always)
    private static func characterLength(_ first: UInt8) -> Int {
        first < 0x80 ? 1 : first < 0xE0 ? 2 : first < 0xF0 ? 3 : 4
    }
}

// MARK: Reading

extension BPEModel {
    /// The name of a byte's token: `<0x0A>`.
    static func name(of byte: UInt8) -> String {
        "<0x" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true) + ">"
    }

    private static func entries(of node: JSONNode) throws -> [(text: String, id: Int32)] {
        guard case .object(let members) = node.value else { throw node.malformed("an object of tokens expected") }
        return try members.map { key, value in
            guard case .number(let number) = value, let id = Int32(exactly: number), id >= 0 else {
                throw node.malformed("the token \(key.debugDescription) has no id")
            }
            guard id < TokenizerLimits.ids else {
                throw node.malformed("the id \(id) of \(key.debugDescription) is implausibly large")
            }
            return (key, id)
        }
    }

    /// Both ways of writing a merge: `"left right"` and `["left", "right"]`.
    private static func mergeTexts(of node: JSONNode) throws -> [(left: String, right: String)] {
        guard case .array(let values) = node.value else { throw node.malformed("an array of merges expected") }
        return try values.enumerated().map { rank, value in
            switch value {
            case .string(let line):
                let parts = line.utf8.split(separator: UInt8(ascii: " "), omittingEmptySubsequences: false)
                if parts.count == 2 { return (String(parts[0])!, String(parts[1])!) }
            case .array(let parts):
                if parts.count == 2, case .string(let left) = parts[0], case .string(let right) = parts[1] {
                    return (left, right)
                }
            default: break
            }
            throw node.malformed("merge \(rank) is not a pair of tokens")
        }
    }

    private static func merges(
        _ texts: [(left: String, right: String)], _ vocabulary: Vocabulary, _ node: JSONNode
    ) throws -> [(left: Int32, right: Int32, merged: Int32)] {
        try texts.enumerated().map { rank, merge in
            guard let left = vocabulary.id(of: merge.left), let right = vocabulary.id(of: merge.right),
                let merged = vocabulary.id(of: merge.left + merge.right)
            else {
                throw node.malformed(
                    "merge \(rank), \(merge.left.debugDescription) with \(merge.right.debugDescription), "
                        + "names a token that the vocabulary lacks")
            }
            return (left, right, merged)
        }
    }

    private static func wholeWords(of vocabulary: Vocabulary) -> Vocabulary {
        let entries = (0..<Int32(vocabulary.count)).compactMap { id -> ([UInt8], Int32)? in
            vocabulary.text(of: id).flatMap { ByteLevelAlphabet.bytes(of: String(decoding: $0, as: UTF8.self)) }.map { ($0, id) }
        }
        return Vocabulary(bytes: entries)
    }
}
