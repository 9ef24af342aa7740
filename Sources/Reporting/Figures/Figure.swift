/// A figure of the report: a Plotly description, a caption, and the same numbers as a table for those who can't see it.
struct Figure: Sendable {
    /// Its `id` on the page.
    var id: String
    /// What it shows, in a sentence a screen reader says.
    var label: String
    var caption: HTML
    /// CSS pixels.
    var height: Int
    var traces: [JSONValue]
    var layout: [String: JSONValue]
    /// Wide enough that a narrow screen scrolls it.
    var minimumWidth = 0

    var html: HTML {
        let specification: JSONValue = ["data": .array(traces), "layout": .object(layout)]
        return """
            <figure id="\(id)">
            <div class="scroll" tabindex="0" role="region" aria-label="\(label)">
            <div class="plot" role="img" aria-label="\(label)" style="height: \(height)px; min-width: \(minimumWidth)px"></div>
            </div>
            <script type="application/json">\(specification.scriptText)</script>
            <figcaption>\(caption)</figcaption>
            </figure>
            """
    }

    /// A name inside a figure. Plotly reads a few tags in text, so that `<` is written as an entity there.
    static func text(_ string: String) -> JSONValue {
        .string(string.replacingOccurrences(of: "&", with: "&amp;").replacingOccurrences(of: "<", with: "&lt;"))
    }

    /// An axis with the report's lines; ink comes from the style sheet.
    static func axis(_ title: String, _ more: [String: JSONValue] = [:]) -> JSONValue {
        let common: [String: JSONValue] = [
            "title": ["text": text(title), "standoff": 10], "automargin": true, "ticks": "outside", "ticklen": 4,
            "zeroline": false, "linewidth": 1, "showline": true, "fixedrange": true,
        ]
        return .object(common.merging(more) { $1 })
    }
}
