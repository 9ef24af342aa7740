/// What each token adds to the decoded text.
///
/// Two families. *Byte-level*: a token is bytes, the text is all of them together, repaired where they are no UTF-8. *Text*: a token is
/// text, except that a run of byte tokens (`<0xE2>`) is decoded together: to its characters where the run is UTF-8, else to one U+FFFD
/// a byte. The latter may lose leading spaces, which encoding put there.
struct TokenDecoder: Sendable {
    enum Piece {
        case bytes(ArraySlice<UInt8>)
        case fallbackByte(UInt8)
    }

    /// How many leading `strippedByte` a text loses.
    let strippedCount: Int
    let strippedByte: UInt8

    private let pieces: [UInt8]
    private let ends: [Int]
    /// The byte of a byte token, by id; -1 for other tokens.
    private let fallbackBytes: [Int16]

    /// Reads a `decoder`.
    ///
    /// - Parameter tokens: the text of every token, by id; `nil` for ids that no token has.
    init(_ node: JSONNode, tokens: [String?]) throws {
        var steps = Steps()
        try steps.append(node)
        try steps.replacements.check(node)
        var pieces: [UInt8] = []
        var ends: [Int] = []
        var fallbackBytes = [Int16](repeating: -1, count: tokens.count)
        for (id, token) in tokens.enumerated() {
            if let token {
                let piece = steps.piece(of: token)
                if steps.fallsBackToBytes, let byte = Self.fallbackByte(piece) { fallbackBytes[id] = Int16(byte) }
                pieces += piece
            }
            ends.append(pieces.count)
        }
        (self.pieces, self.ends, self.fallbackBytes) = (pieces, ends, fallbackBytes)
        (strippedCount, strippedByte) = (steps.strippedCount, steps.strippedByte)
    }

    /// What token `id` adds, `nil` where there is no such token.
    func piece(of id: Int32) -> Piece? {
        guard ends.indices.contains(Int(id)) else { return nil }
        let id = Int(id)
        if fallbackBytes[id] >= 0 { return .fallbackByte(UInt8(fallbackBytes[id])) }
        return .bytes(pieces[(id == 0 ? 0 : ends[id - 1])..<ends[id]])
    }

    /// The byte that `<0xE2>` names.
    private static func fallbackByte(_ text: [UInt8]) -> UInt8? {
        guard text.count == 6, text.starts(with: "<0x".utf8), text[5] == UInt8(ascii: ">") else { return nil }
        return UInt8(String(decoding: text[3..<5], as: UTF8.self), radix: 16)
    }
}

/// The decoder's steps as `tokenizer.json` lists them, checked to be in an order that a token can be decoded by itself in.
private struct Steps {
    var isByteLevel = false
    var fallsBackToBytes = false
    var strippedCount = 0
    var strippedByte: UInt8 = 0
    private(set) var replacements: [TextRewrite] = []
    private var isFused = false

    private static let supported = "ByteLevel alone, or Replace, ByteFallback, Fuse and Strip in this order"

    mutating func append(_ node: JSONNode) throws {
        let kind = try node.required("type").string()
        switch kind {
        case "Sequence":
            for element in try node.required("decoders").elements() { try append(element) }
        case "ByteLevel" where replacements.isEmpty && !fallsBackToBytes && !isFused:
            isByteLevel = true
        case "Replace" where !isByteLevel && !fallsBackToBytes && !isFused:
            replacements.append(try TextRewrite(replace: node))
        case "ByteFallback" where !isByteLevel && !isFused:
            fallsBackToBytes = true
        case "Fuse":
            isFused = true
        case "Strip" where isFused && !isByteLevel && strippedCount == 0:
            try readStrip(node)
        default:
            throw node.unsupported(kind, supported: Self.supported)
        }
    }

    private mutating func readStrip(_ node: JSONNode) throws {
        let content = try node.required("content").string().utf8
        guard case .number(let start) = try node.required("start").value, let count = Int(exactly: start), count >= 0,
            case .number(let stop) = try node.required("stop").value, stop == 0, content.count == 1, let byte = content.first
        else { throw node.unsupported("this Strip", supported: "an ASCII character at the start") }
        (strippedCount, strippedByte) = (count, byte)
    }

    func piece(of token: String) -> [UInt8] {
        if isByteLevel { return ByteLevelAlphabet.bytes(of: token) ?? Array(token.utf8) }
        var token = token
        return token.withUTF8 { replacements.withRewritten($0, isFirst: true) { Array($0) } }
    }
}
