import CXML2

/// A node of a page that libxml2 parsed. Valid as long as its ``HTMLTree``.
struct HTMLNode: Hashable {
    private let pointer: xmlNodePtr

    init(_ pointer: xmlNodePtr) { self.pointer = pointer }

    /// The element's name in lower case; `nil` for text and comments.
    var name: String? {
        pointer.pointee.type == XML_ELEMENT_NODE ? String(cString: pointer.pointee.name) : nil
    }

    /// The UTF-8 bytes of a text node; `nil` for anything else.
    var text: UnsafeBufferPointer<UInt8>? {
        guard pointer.pointee.type == XML_TEXT_NODE, let content = pointer.pointee.content else { return nil }
        return UnsafeBufferPointer(start: content, count: Int(xmlStrlen(content)))
    }

    var parent: HTMLNode? { pointer.pointee.parent.map(HTMLNode.init) }
    var firstChild: HTMLNode? { pointer.pointee.children.map(HTMLNode.init) }
    var next: HTMLNode? { pointer.pointee.next.map(HTMLNode.init) }
    var previousElement: HTMLNode? { xmlPreviousElementSibling(pointer).map(HTMLNode.init) }
    var nextElement: HTMLNode? { xmlNextElementSibling(pointer).map(HTMLNode.init) }

    func attribute(_ name: String) -> String? {
        var property = pointer.pointee.properties
        while let attribute = property {
            if String(cString: attribute.pointee.name) == name {
                guard let value = attribute.pointee.children?.pointee.content else { return "" }
                return String(cString: value)
            }
            property = attribute.pointee.next
        }
        return nil
    }

    var classes: [Substring] { attribute("class")?.split { " \t\n\r".contains($0) } ?? [] }

    /// The next node of the subtree under `root` in document order, leaving out what is below this node if `skippingChildren`.
    /// Without recursion: a page may nest as deep as it likes.
    func following(in root: HTMLNode, skippingChildren: Bool = false) -> HTMLNode? {
        if !skippingChildren, let child = firstChild { return child }
        var node = self
        while node != root {
            if let next = node.next { return next }
            guard let parent = node.parent else { return nil }
            node = parent
        }
        return nil
    }
}

/// A page parsed by libxml2's HTML parser, which mends what is broken as browsers do.
final class HTMLTree {
    private let document: htmlDocPtr
    let root: HTMLNode

    /// libxml2 has to be initialised before threads use it.
    private static let isReady: Void = xmlInitParser()

    /// - Parameter bytes: UTF-8, or anything that the page declares.
    /// - Returns: `nil` where there is nothing to parse.
    init?(_ bytes: [UInt8]) {
        _ = Self.isReady
        let isUTF8 = String(validating: bytes, as: UTF8.self) != nil
        let options =
            HTML_PARSE_RECOVER.rawValue | HTML_PARSE_NOERROR.rawValue | HTML_PARSE_NOWARNING.rawValue
            | HTML_PARSE_NONET.rawValue | HTML_PARSE_COMPACT.rawValue
        let parsed = bytes.withUnsafeBytes { bytes in
            htmlReadMemory(
                bytes.bindMemory(to: CChar.self).baseAddress, Int32(clamping: bytes.count), nil, isUTF8 ? "UTF-8" : nil,
                Int32(options))
        }
        guard let parsed else { return nil }
        guard let root = xmlDocGetRootElement(parsed) else {
            xmlFreeDoc(parsed)
            return nil
        }
        document = parsed
        self.root = HTMLNode(root)
    }

    deinit { xmlFreeDoc(document) }
}
