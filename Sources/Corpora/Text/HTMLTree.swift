import CXML2

/// A page parsed by libxml2's HTML parser, which mends what is broken as browsers do.
final class HTMLTree {
    private let document: htmlDocPtr
    let root: HTMLNode

    /// libxml2 has to be initialised before threads use it.
    private static let isReady: Void = xmlInitParser()

    /// Tags of a page that may nest as it likes: libxml2 takes the product of open and closing ones, a second for these.
    static let deepTags = 20_000

    /// - Parameter bytes: UTF-8, or anything that the page declares.
    /// - Throws: `CorpusError.unparsableHTML` where there is nothing to parse, `.deepHTML` where libxml2 would stop in its midst.
    init(_ bytes: [UInt8], path: String) throws {
        _ = Self.isReady
        let isUTF8 = String(validating: bytes, as: UTF8.self) != nil
        // Past 256 levels, and ten million bytes between two tags, libxml2 stops, and what it has read by then looks like a page.
        var (parsed, isCut) = Self.parse(bytes, isUTF8: isUTF8, unlimited: false)
        if isCut {
            if let parsed { xmlFreeDoc(parsed) }
            guard bytes.count(where: { $0 == UInt8(ascii: "<") }) <= Self.deepTags else { throw CorpusError.deepHTML(path: path) }
            (parsed, isCut) = Self.parse(bytes, isUTF8: isUTF8, unlimited: true)
        }
        guard let parsed else { throw CorpusError.unparsableHTML(path: path) }
        guard !isCut, let root = xmlDocGetRootElement(parsed) else {
            xmlFreeDoc(parsed)
            throw isCut ? CorpusError.deepHTML(path: path) : .unparsableHTML(path: path)
        }
        document = parsed
        self.root = HTMLNode(root)
    }

    deinit { xmlFreeDoc(document) }

    /// - Returns: the tree, and whether the parser gave up before the page's end.
    private static func parse(_ bytes: [UInt8], isUTF8: Bool, unlimited: Bool) -> (htmlDocPtr?, isCut: Bool) {
        guard let context = htmlNewParserCtxt() else { return (nil, false) }
        defer { htmlFreeParserCtxt(context) }
        var options =
            HTML_PARSE_RECOVER.rawValue | HTML_PARSE_NOERROR.rawValue | HTML_PARSE_NOWARNING.rawValue
            | HTML_PARSE_NONET.rawValue | HTML_PARSE_COMPACT.rawValue
        if unlimited { options |= XML_PARSE_HUGE.rawValue }
        let document = bytes.withUnsafeBytes { bytes in
            htmlCtxtReadMemory(
                context, bytes.bindMemory(to: CChar.self).baseAddress, Int32(clamping: bytes.count), nil,
                isUTF8 ? "UTF-8" : nil, Int32(options))
        }
        return (document, context.pointee.disableSAX != 0)
    }
}
