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
    }

    private mutating func readTemplate(_ node: JSONNode) throws {
        let specials = node.member("special_tokens")
        var textSeen = false
        for piece in try node.required("single").elements() {
            if piece.member("Sequence") != nil {
                guard !textSeen else { throw piece.unsupported("a template that repeats the text", supported: "the text once") }
                textSeen = true
                continue
            }
            let name = try piece.required("SpecialToken").required("id").string()
            guard let ids = try specials?.member(name)?.required("ids").elements() else {
                throw piece.malformed("\(name) is not among the template's special_tokens")
            }
            for id in ids {
                if textSeen { after.append(try id.tokenID()) } else { before.append(try id.tokenID()) }
            }
        }
        guard textSeen else { throw node.unsupported("a template without the text", supported: "the text once") }
    }
}
