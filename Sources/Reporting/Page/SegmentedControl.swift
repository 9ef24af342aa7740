/// One choice of a few, side by side: radio buttons, so that the arrow keys move it.
struct SegmentedControl {
    var legend: String
    /// Unique on the page.
    var name: String
    /// The section whose figures it governs.
    var section: String
    /// The first is chosen.
    var choices: [(value: String, label: String)]
    /// What an axis is called where a choice is drawn, in the same order.
    var details: [String]

    var html: HTML {
        let labels = zip(choices, details).enumerated().map { index, entry in
            """
            <label><input type="radio" name="\(name)" value="\(entry.0.value)" data-title="\(entry.1)"\(index == 0 ? " checked" : "")>\
            <span>\(entry.0.label)</span></label>
            """ as HTML
        }
        return """
            <fieldset class="segments" data-section="\(section)">
            <legend>\(legend)</legend>
            \(labels.joined(""))
            </fieldset>
            """
    }
}
