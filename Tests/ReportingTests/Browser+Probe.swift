import Foundation
import Testing

extension Browser {
    /// Uses every control of the page in `root` once, and gives how many there are.
    static let useOfEveryControl = """
        (() => {
          const controls = [...root.querySelectorAll("button, input, summary, .token")];
          for (const control of controls) control.click();
          for (const box of root.querySelectorAll("select")) for (const option of [...box.options]) {
            box.value = option.value;
            box.dispatchEvent(new Event("change", { bubbles: true }));
          }
          return controls.length;
        })()
        """

    /// Opens a page in a frame of this width, which may be narrower than any window, and returns what an expression of `frame`
    /// and of its root element, `root`, says. A page that writes to its console fails the test.
    ///
    /// - Parameter action: an expression that is evaluated before, with time for the page to draw what comes of it.
    static func probe(_ page: URL, width: Int, after action: String = "null", _ expression: String) throws -> String {
        let frame = page.deletingLastPathComponent().appendingPathComponent("frame.html")
        try """
        <!doctype html><iframe src="\(page.lastPathComponent)" style="width: \(width)px; height: 2000px; border: 0"></iframe>
        <script>
        addEventListener("load", () => setTimeout(() => {
          const frame = document.querySelector("iframe"), root = frame.contentDocument.documentElement;
          (\(action));
          setTimeout(() => { document.body.dataset.answer = (\(expression)); }, 500);
        }, 500));
        </script>
        """.write(to: frame, atomically: true, encoding: .utf8)
        let visit = try Browser(allowingFileAccess: true).visit(frame)
        #expect(visit.console.isEmpty, "\(visit.console)")
        let answer = try #require(visit.document.range(of: "data-answer=\"[^\"]*\"", options: .regularExpression))
        return String(visit.document[answer].dropFirst("data-answer=\"".count).dropLast())
    }
}
