/// The main text of an HTML page: what a reader came for, without the page's furniture.
///
/// Where the page says what its main part is (`role=main`, Sphinx's `div.body`, `main`, a single `article`), only that is read;
/// elsewhere the body, without `header`, `footer` and `aside`. Navigation, scripts, forms and the anchors and tables of contents
/// that Sphinx adds are left out everywhere. Paragraphs are separated by blank lines, list items marked, table cells separated
/// by tabs; `pre` keeps its lines, so that a doctest stays a doctest; mathematics stays the TeX that it was.
struct HTMLText {
    let text: String

    /// - Throws: `CorpusError.unparsableHTML` where libxml2 makes nothing of it, `.deepHTML` where it doesn't come to its end.
    init(_ bytes: [UInt8], path: String) throws {
        let tree = try HTMLTree(bytes, path: path)
        text = withExtendedLifetime(tree) { Self.read(tree.root) }
    }

    private static func read(_ document: HTMLNode) -> String {
        let main = mainPart(of: document)
        let root = main ?? document
        var layout = TextLayout()
        var marks = ListMarks()
        var node: HTMLNode? = root
        while let current = node {
            var skips = false
            if current.name == "li" { marks.count(current) }
            if let text = current.text {
                layout.append(text)
            } else if current.name == nil || (current != root && isFurniture(current, inMain: main != nil)) {
                skips = true
            } else {
                enter(current, &layout, &marks)
            }
            let following = current.following(in: root, skippingChildren: skips)
            leave(from: current, skipped: skips, to: following, root: root, &layout, &marks)
            node = following
        }
        return layout.finished
    }

    // MARK: What is read

    private static func mainPart(of document: HTMLNode) -> HTMLNode? {
        let elements = Self.elements(in: document)
        if let main = elements.first(where: { $0.attribute("role") == "main" || $0.name == "main" }) {
            let articles = Self.elements(in: main).filter { $0.name == "article" }
            return articles.count == 1 ? articles[0] : main
        }
        if let body = elements.first(where: { $0.name == "div" && $0.classes.contains("body") }) { return body }
        let articles = elements.filter { $0.name == "article" }
        return articles.count == 1 ? articles[0] : nil
    }

    private static func elements(in root: HTMLNode) -> [HTMLNode] {
        sequence(first: root) { $0.following(in: root) }.filter { $0.name != nil }
    }

    private static let neverRead: Set<String> = [
        "head", "script", "style", "noscript", "template", "nav", "svg", "iframe", "object", "form", "button", "select", "input",
        "textarea",
    ]
    private static let aroundMain: Set<String> = ["header", "footer", "aside"]
    private static let furnitureRoles: Set<String> = ["navigation", "search", "banner", "contentinfo"]
    private static let furnitureClasses: Set<Substring> = [
        // Sphinx: permanent links, links to the source and back, the side and top bars, tables of contents, line numbers.
        "headerlink", "viewcode-link", "viewcode-back", "sphinxsidebar", "related", "toctree-wrapper", "contents", "linenos",
        "sidebar",
        // What MathJax made of the TeX beside it.
        "MathJax", "MathJax_Preview", "MathJax_Display",
    ]

    private static func isFurniture(_ node: HTMLNode, inMain: Bool) -> Bool {
        guard let name = node.name else { return true }
        if neverRead.contains(name) || (!inMain && aroundMain.contains(name)) { return true }
        if let role = node.attribute("role"), furnitureRoles.contains(role) { return true }
        return node.classes.contains { furnitureClasses.contains($0) }
    }

    // MARK: How it is laid out

    private static let blocks: Set<String> = [
        "address", "article", "aside", "blockquote", "body", "details", "div", "dl", "fieldset", "figcaption", "figure", "footer",
        "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "html", "main", "ol", "p", "pre", "section", "summary", "table", "ul",
    ]
    private static let lines: Set<String> = ["li", "dd", "tr", "caption"]

    /// How an element is set apart from what stands before and after it.
    private static func separation(_ node: HTMLNode, _ name: String) -> TextLayout.Separation? {
        if lines.contains(name) { return .line }
        if name == "dt" { return .paragraph }
        guard blocks.contains(name) else { return nil }
        let parent = node.parent?.name
        switch name {
        // A cell's or an item's only, or first, paragraph is the cell or the item.
        case "p" where parent == "td" || parent == "th":
            return node.previousElement == nil && node.nextElement == nil ? nil : .line
        case "p" where parent == "li" || parent == "dd":
            return node.previousElement == nil ? .line : .paragraph
        case "ul" where parent == "li", "ol" where parent == "li":
            return .line
        default:
            return .paragraph
        }
    }

    private static func enter(_ node: HTMLNode, _ layout: inout TextLayout, _ marks: inout ListMarks) {
        guard let name = node.name else { return }
        if let separation = separation(node, name) { layout.separate(separation) }
        switch name {
        case "br": layout.breakLine()
        case "pre": layout.beginPreformatted()
        case "li": layout.mark(marks.open(node))
        case "td", "th": if node.previousElement != nil { layout.tabulate() }
        default: break
        }
    }

    /// Closes `node` and every ancestor that ends before `following`.
    private static func leave(
        from node: HTMLNode, skipped: Bool, to following: HTMLNode?, root: HTMLNode, _ layout: inout TextLayout,
        _ marks: inout ListMarks
    ) {
        var open = node
        // The way down closes nothing; `following` is then the first child.
        if !skipped, let following, following.parent == node { return }
        while true {
            if !(skipped && open == node) { close(open, &layout, &marks) }
            if open == root || open.parent == following?.parent { return }
            guard let parent = open.parent else { return }
            open = parent
        }
    }

    private static func close(_ node: HTMLNode, _ layout: inout TextLayout, _ marks: inout ListMarks) {
        guard let name = node.name else { return }
        if name == "pre" { layout.endPreformatted() }
        if name == "li" { marks.close() }
        if let separation = separation(node, name) { layout.separate(separation) }
    }
}
