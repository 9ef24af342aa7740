/// One choice of a few, side by side: radio buttons, so that the arrow keys move it.
struct SegmentedControl {
    var legend: String
    /// Unique on the page.
    var name: String
    /// The section whose figures it governs.
    var section: String
    /// The first is chosen.
    var choices: [(value: String, label: String)]

    var html: HTML {
        let labels = choices.enumerated().map { index, choice in
            """
            <label><input type="radio" name="\(name)" value="\(choice.value)"\(index == 0 ? " checked" : "")>\
            <span>\(choice.label)</span></label>
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
