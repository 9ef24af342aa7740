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
