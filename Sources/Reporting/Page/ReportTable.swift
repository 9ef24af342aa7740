/// A table that scrolls sideways by itself where the screen is narrow, with its first column held.
struct ReportTable {
    var caption: HTML
    /// What a screen reader calls the scrolling region.
    var label: String
    /// `<tr>`s of `<th>`s.
    var head: HTML
    /// `<tr>`s.
    var rows: [HTML]
    var style = ""

    var html: HTML {
        """
        <div class="scroll" tabindex="0" role="region" aria-label="\(label)">
        <table class="\(style)">
        <caption><span>\(caption)</span></caption>
        <thead>\(head)</thead>
        <tbody>
        \(rows.joined())
        </tbody>
        </table>
        </div>
        """
    }

    /// A head of one row.
    static func head(_ titles: [HTML]) -> HTML {
        "<tr>\(titles.map { "<th scope=\"col\">\($0)</th>" }.joined(""))</tr>"
    }

    /// A row that is headed by its first cell; the others are numbers.
    static func row(_ head: HTML, _ cells: [HTML], style: String = "") -> HTML {
        "<tr class=\"\(style)\"><th scope=\"row\">\(head)</th>\(cells.map { "<td>\($0)</td>" }.joined(""))</tr>"
    }
}
