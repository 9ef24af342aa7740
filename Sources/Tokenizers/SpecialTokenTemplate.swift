/// The special tokens that a `post_processor` puts around a single text.
struct SpecialTokenTemplate: Sendable {
    private(set) var before: [Int32] = []
    private(set) var after: [Int32] = []

    init() {}

    /// Reads a `post_processor`. `ByteLevel` only moves offsets, which Winnow doesn't report.
    init(_ node: JSONNode) throws {
        let kind = try node.required("type").string()
        switch kind {
        case "ByteLevel": break
        case "TemplateProcessing": try readTemplate(node)
        case "Sequence":
            let templates = try node.required("processors").elements().map { try SpecialTokenTemplate($0) }
            // Each processor wraps what the one before it made.
            before = templates.reversed().flatMap(\.before)
            after = templates.flatMap(\.after)
        default:
            throw node.unsupported(kind, supported: "TemplateProcessing, ByteLevel, Sequence")
        }
        try check(node)
    }

    private func check(_ node: JSONNode) throws {
        guard before.count + after.count <= TokenizerLimits.templateTokens else {
            throw node.malformed("more than \(TokenizerLimits.templateTokens) special tokens around a text")
        }
    }

    private mutating func readTemplate(_ node: JSONNode) throws {
        // By their bytes, since `String`'s equality takes distinct names for one; of equal names the first counts.
        var specials: [[UInt8]: JSONNode] = [:]
        if let node = node.member("special_tokens"), case .object(let members) = node.value {
            for (name, value) in members {
                let key = Array(name.utf8)
                if specials[key] == nil { specials[key] = JSONNode(value: value, file: node.file, path: node.path + "." + name) }
            }
        }
        var textSeen = false
        for piece in try node.required("single").elements() {
            if piece.member("Sequence") != nil {
                guard !textSeen else { throw piece.unsupported("a template that repeats the text", supported: "the text once") }
                textSeen = true
                continue
            }
            let name = try piece.required("SpecialToken").required("id").string()
            guard let ids = try specials[Array(name.utf8)]?.required("ids").elements() else {
                throw piece.malformed("\(name) is not among the template's special_tokens")
            }
            for id in ids {
                if textSeen { after.append(try id.tokenID()) } else { before.append(try id.tokenID()) }
            }
            try check(node)
        }
        guard textSeen else { throw node.unsupported("a template without the text", supported: "the text once") }
    }
}
