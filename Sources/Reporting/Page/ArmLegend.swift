/// The arms with their ink, as check boxes that show and hide them in the figures of a section.
struct ArmLegend {
    var arms: [(label: String, style: ArmStyle)]
    /// The section whose figures it governs.
    var section: String

    var html: HTML {
        """
        <fieldset class="legend" data-section="\(section)">
        <legend>Arms shown</legend>
        \(arms.enumerated().map { index, arm in Self.entry(index, arm.label, arm.style) }.joined())
        </fieldset>
        """
    }

    private static func entry(_ index: Int, _ label: String, _ style: ArmStyle) -> HTML {
        """
        <label><input type="checkbox" checked data-arm="\(index)">\(swatch(style))\(label)</label>
        """
    }

    private static func swatch(_ style: ArmStyle) -> HTML {
        """
        <svg class="swatch" width="26" height="8" aria-hidden="true"><line x1="0" y1="4" x2="26" y2="4" stroke="\(style.color)" \
        stroke-width="2.25" stroke-dasharray="\(style.dashArray)"/></svg>
        """
    }
}
