/// A step that changes text before it is split: what a normalizer does, and what `Metaspace` and `ByteLevel` do besides splitting.
enum TextRewrite: Sendable {
    /// Puts bytes before any text that is not empty.
    case prepend([UInt8])
    /// The same, unless the text starts with them already; with `firstOnly` at the start of the whole input alone.
    case prependOnce([UInt8], firstOnly: Bool)
    /// Replaces every occurrence, from left to right.
    case replace([UInt8], with: [UInt8])
    /// Unicode normalization form C.
    case composition

    /// - Parameter isFirst: whether `text` starts where the whole input starts.
    func apply(to text: UnsafeBufferPointer<UInt8>, isFirst: Bool) -> [UInt8] {
        switch self {
        case .prepend(let prefix):
            return text.isEmpty ? [] : prefix + text
        case .prependOnce(let prefix, let firstOnly):
            return text.starts(with: prefix) || (firstOnly && !isFirst) ? Array(text) : prefix + text
        case .replace(let old, let new):
            return Self.replacing(old, with: new, in: text)
        case .composition:
            return CanonicalComposition.apply(to: text)
        }
    }

    private static func replacing(_ old: [UInt8], with new: [UInt8], in text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count + text.count / 2)
        var (index, kept) = (0, 0)
        while index + old.count <= text.count {
            guard text[index] == old[0], old.count == 1 || text[index..<index + old.count].elementsEqual(old) else {
                index += 1
                continue
            }
            result.append(contentsOf: text[kept..<index])
            result.append(contentsOf: new)
            index += old.count
            kept = index
        }
        result.append(contentsOf: text[kept...])
        return result
    }
}

extension [TextRewrite] {
    /// Calls `body` with the rewritten text, which is `text` itself where there is nothing to do.
    func withRewritten<R>(
        _ text: UnsafeBufferPointer<UInt8>, isFirst: Bool, _ body: (UnsafeBufferPointer<UInt8>) throws -> R
    ) rethrows -> R {
        guard let first else { return try body(text) }
        let rewritten = dropFirst().reduce(first.apply(to: text, isFirst: isFirst)) { bytes, rewrite in
            bytes.withUnsafeBufferPointer { rewrite.apply(to: $0, isFirst: isFirst) }
        }
        return try rewritten.withUnsafeBufferPointer(body)
    }
}

extension [TextRewrite] {
    /// Refuses steps that together would cost a text far more than its length.
    func check(_ node: JSONNode) throws {
        guard count <= TokenizerLimits.steps else { throw node.malformed("more than \(TokenizerLimits.steps) steps") }
        var growth = 1
        for step in self {
            switch step {
            case .prepend(let bytes), .prependOnce(let bytes, _):
                guard bytes.count <= TokenizerLimits.patternBytes else {
                    throw node.malformed("a prefix of \(bytes.count) bytes")
                }
            case .replace(let old, let new):
                guard old.count <= TokenizerLimits.patternBytes, new.count <= old.count * TokenizerLimits.growth else {
                    throw node.malformed("\(new.count) bytes in the place of \(old.count)")
                }
                growth *= Swift.max(1, (new.count + old.count - 1) / old.count)
                guard growth <= TokenizerLimits.growth else {
                    throw node.malformed("steps that make a text more than \(TokenizerLimits.growth) times as long")
                }
            case .composition: break
            }
        }
    }

    /// Reads a `normalizer`.
    init(normalizer node: JSONNode) throws {
        let kind = try node.required("type").string()
        switch kind {
        case "Sequence":
            self = try node.required("normalizers").elements().flatMap { try [TextRewrite](normalizer: $0) }
        case "Prepend":
            self = [.prepend([UInt8](try node.required("prepend").string().utf8))]
        case "Replace":
            self = [try TextRewrite(replace: node)]
        case "NFC":
            self = [.composition]
        default:
            throw node.unsupported(kind, supported: "Sequence, Prepend, Replace, NFC")
        }
    }
}

extension TextRewrite {
    /// Reads `{"pattern": {"String": …}, "content": …}`, of a normalizer or a decoder.
    init(replace node: JSONNode) throws {
        let pattern = try node.required("pattern")
        guard let old = try pattern.member("String")?.string() else {
            throw pattern.unsupported("a regular expression", supported: #"{"String": …}"#)
        }
        guard !old.isEmpty else { throw pattern.malformed("a pattern that is not empty expected") }
        self = .replace(Array(old.utf8), with: Array(try node.required("content").string().utf8))
    }
}
