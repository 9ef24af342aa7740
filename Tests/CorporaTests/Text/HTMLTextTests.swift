import Corpora
import Foundation
import Testing

@Suite struct HTMLTextTests {
    let folder = try! TemporaryFolder()

    func text(of html: String) async throws -> String {
        try await Prepared([folder.write(html, to: "page.html")], in: folder).train[0]
    }

    @Test func aSphinxPageGivesItsMainText() async throws {
        let goldens = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Goldens")
        let expected = try String(contentsOf: goldens.appendingPathComponent("sphinx.txt"), encoding: .utf8)
        let prepared = try await Prepared([goldens.appendingPathComponent("sphinx.html")], in: folder)
        #expect(prepared.train[0] + "\n" == expected)
    }

    @Test(arguments: [
        // The page says what is main: nothing else is read, but its own header and footer are.
        ("<body><p>no</p><main><header><h1>T</h1></header><p>yes</p></main></body>", "T\n\nyes"),
        ("<body><main><article><p>yes</p></article><p>more like this</p></main></body>", "yes"),
        ("<body><main><article><p>a</p></article><article><p>b</p></article></main></body>", "a\n\nb"),
        ("<body><div role='main'><p>yes</p></div><div class='body'><p>no</p></div></body>", "yes"),
        ("<body><p>no</p><div class='x body y'><p>yes</p></div></body>", "yes"),
        // It does not: what is around the main part is known by its elements.
        ("<body><header>no</header><nav>no</nav><p>yes</p><aside>no</aside><footer>no</footer></body>", "yes"),
        ("<body><div role='banner'>no</div><p>yes</p><form><input value='no'><button>no</button></form></body>", "yes"),
        ("yes <script>no('<p>')</script><style>no</style><noscript>no</noscript>too", "yes too"),
        // White space, entities, comments, broken and unclosed elements.
        ("<p>a\n  b\t c</p>\n\n\n<p> d<!-- no --> </p>", "a b c\n\nd"),
        ("<p>&lt;&amp;&eacute;&#8212;&#x1F600;&nbsp;x &unknown;", "<&é—😀 x &unknown;"),
        ("<p>a<p>b<ul><li>c<li>d</ul>e", "a\n\nb\n\n- c\n- d\n\ne"),
        ("<p>x<sub>1</sub>, <b>bo</b>ld</p>", "x1, bold"),
        // Code keeps every space and line; the line end after <pre> is not its.
        ("<p>a</p><pre>\n  x\n\n    y </pre><p>b</p>", "a\n\n  x\n\n    y\n\nb"),
        ("<pre>a<br>b</pre>", "a\nb"),
        // Tables.
        ("<table><tr><td>1<td>2<tr><td>3<td>4</table>", "1\t2\n3\t4"),
    ])
    func pages(html: String, expected: String) async throws {
        #expect(try await text(of: html) == expected)
    }

    @Test func encodingsThatThePageDeclaresAreRead() async throws {
        var latin1 = Data("<html><head><meta charset='iso-8859-1'></head><body><p>na".utf8)
        latin1.append(0xEF)  // ï
        latin1 += Data("ve</p></body></html>".utf8)
        let prepared = try await Prepared([folder.write(latin1, to: "latin1.html")], in: folder)
        #expect(prepared.train == ["naïve"])
    }

    /// Looking back at each item's siblings took 2·10⁹ steps here.
    @Test func aLongListIsNumberedInOnePass() throws {
        let items = 60_000
        let file = try folder.write("<ol>" + String(repeating: "<li>x", count: items) + "</ol>", to: "list.html")
        var reader = DocumentReader(try SourceFiles(inputs: [file.path]).files)
        let document = try #require(try reader.next())
        let start = ContinuousClock.now
        #expect(try document.text(field: "").text.hasSuffix("\n\(items). x"))
        #expect(ContinuousClock.now - start < .seconds(20))
    }

    @Test func itemsThatAreNotReadKeepTheirNumbers() async throws {
        #expect(try await text(of: "<ol><li>a<li class='sidebar'>no<li>c<ol><li>d</ol></ol>") == "1. a\n3. c\n  1. d")
    }

    /// Nothing recurses over the page, and libxml2 neither overflows nor stops at its 256th level, as it would by itself.
    @Test func depthIsNoDanger() async throws {
        func page(_ depth: Int, _ inner: String = "deep") -> String {
            "<p>top</p>" + String(repeating: "<div>", count: depth) + inner + String(repeating: "</div>", count: depth)
                + "<p>end</p>"
        }
        #expect(try await text(of: page(9000)) == "top\n\ndeep\n\nend")
        let deep = try folder.write(page(100_000), to: "deep.html")
        #expect(await failure([deep], in: folder) == .deepHTML(path: deep.path))
        let list = String(repeating: "<ul><li>a", count: 1000) + String(repeating: "</li></ul>", count: 1000)
        let lines = try await text(of: list).split(separator: "\n")
        #expect(lines.count == 1000)
        for (depth, line) in lines.enumerated() { #expect(line == String(repeating: "  ", count: min(depth, 20)) + "- a") }
    }

    /// By itself libxml2 keeps the first ten million bytes of a text, and nothing of the page behind it.
    @Test func aLongTextIsWhole() async throws {
        let line = "a line of some length, again and again\n"
        let lines = String(repeating: line, count: 300_000)
        #expect(try await text(of: "<pre>\(lines)</pre><p>end</p>").utf8.count == lines.utf8.count - 1 + 2 + 3)
    }

    @Test func aPageWithoutTextIsNoDocument() async throws {
        let page = try folder.write("<body><nav>no</nav><script>no</script></body>", to: "empty.html")
        let other = try folder.write("text", to: "a.txt")
        let prepared = try await Prepared([page, other], in: folder)
        #expect(prepared.train == ["text"])
        #expect(prepared.manifest.leftOut.empty == 1)
    }
}
