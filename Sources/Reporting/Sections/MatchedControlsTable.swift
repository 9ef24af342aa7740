import Analysis
import RunRecords

/// Each selection arm that scores tokens against everything it has to beat: plain training at equal tokens, at equal selected
/// tokens, at equal seconds, on the curated text itself, and random picks at its ratio; whichever of those the study ran.
struct MatchedControlsTable {
    let html: HTML

    /// `nil` where there is no pair of arms to compare.
    init?(_ findings: StudyFindings) {
        let splits = findings.record.validationSplits
        let rows = findings.arms.filter { $0.arm.role == .selection && $0.arm.score != nil && $0.hasRun }.flatMap {
            arm -> [HTML] in
            let controls = findings.controls(of: arm).map { Self.row(arm, $0, findings, splits) }
            guard !controls.isEmpty else { return [] }
            let head: HTML =
                "<tr class=\"group\"><th scope=\"rowgroup\" colspan=\"\(3 + splits.count)\">\(arm.arm.label) minus …</th></tr>"
            return [head] + controls
        }
        guard !rows.isEmpty else { return nil }
        html =
            ReportTable(
                caption: """
                    <strong>Matched controls.</strong> Loss of the selection arm minus that of the control, in nats, with its 95 % \
                    interval: below zero, selection wins; grey, it is undecided. Beside each control, what carried its loss and \
                    what it was charged.
                    """,
                label: "Selection arms against their matched controls",
                head: ReportTable.head(
                    ["Control", "tokens that<br>carried loss", "time<br>charged"] + splits.map { "\($0.label)" }),
                rows: rows, style: "matched"
            ).html
    }

    private static func row(
        _ arm: ArmFindings, _ control: ArmFindings, _ findings: StudyFindings, _ splits: [StudyRecord.Split]
    ) -> HTML {
        let selected = control.mean { Double($0.run.selectedTokens) }
        let cells = splits.map { HTML.difference(try? findings.difference(arm, minus: control, on: $0.name)) }
        return ReportTable.row(
            "\(control.arm.label)",
            ["\(NumberText.count(selected))", "\(NumberText.duration(control.mean { $0.run.chargedSeconds }))"] + cells)
    }
}
