/// The arms with their ink, as check boxes that show and hide them in the figures of a section.
struct ArmLegend {
    /// With each arm's place in the study.
    var arms: [(index: Int, label: String, style: ArmStyle)]
    /// The section whose figures it governs.
    var section: String

    /// - Parameter shows: which arms have ink in those figures.
    init(_ findings: StudyFindings, section: String, shows: (ArmFindings) -> Bool = { _ in true }) {
        let styles = ArmStyle.styles(for: findings.record.arms)
        arms = findings.arms.indices.filter { shows(findings.arms[$0]) }.map { ($0, findings.arms[$0].arm.label, styles[$0]) }
        self.section = section
    }

    var html: HTML {
        """
        <fieldset class="legend" data-section="\(section)">
        <legend>Arms shown</legend>
        \(arms.map { Self.entry($0.index, $0.label, $0.style) }.joined())
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
