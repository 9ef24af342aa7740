import Analysis
import RunRecords

/// Loss on the tokens that a score would select, on the rest, and on the whole, so that a fall in one is not taken for a
/// fall in all.
struct PartsSection: ReportSection {
    let id = "parts"
    let title = "Selected and unselected tokens"

    func body(_ findings: StudyFindings) -> HTML? {
        guard !findings.parts.isEmpty else { return nil }
        return """
            <p>Selection is meant to lower the loss of the tokens it selects, and may raise that of the rest. Held-out tokens are \
            parted here by what a score makes of them before any arm is trained: the loss at the start minus the loss of a reference, \
            the highest share of it. Every arm is judged on the same two sets. The whole of a target text stands in the main table.</p>
            \(findings.parts.map { table($0, findings) }.joined())
            """
    }

    private func table(_ parts: LossParts, _ findings: StudyFindings) -> HTML {
        let rows = findings.arms.compactMap { arm -> HTML? in
            guard let found = parts.arms[arm.arm.name] else { return nil }
            let isBaseline = arm.arm.role == .baseline
            func difference(_ difference: PairedDifference?) -> HTML {
                isBaseline ? "<span class=\"faint\">0</span>" : .difference(difference)
            }
            return ReportTable.row(
                "\(arm.arm.label)",
                [
                    "\(NumberText.loss(found.selected))", difference(found.selectedDifference),
                    "\(NumberText.loss(found.unselected))", difference(found.unselectedDifference),
                    "\(NumberText.loss(arm.splits[parts.split.name]?.loss))",
                    difference(arm.splits[parts.split.name]?.difference),
                ], style: arm.arm.role.rawValue)
        }
        let selected = parts.tokens.selected.count { $0 }
        let head: HTML = """
            <tr><th rowspan="2" scope="col">Arm</th><th colspan="2" scope="colgroup">selected</th>\
            <th colspan="2" scope="colgroup">unselected</th><th colspan="2" scope="colgroup">all</th></tr>
            <tr>\([HTML](repeating: "<th scope=\"col\">loss</th><th scope=\"col\">difference</th>", count: 3).joined(""))</tr>
            """
        return ReportTable(
            caption: """
                <strong>\(parts.split.label)</strong>, parted by the reference \(parts.reference) at \
                \(NumberText.percent(parts.ratio, 0)): \(NumberText.count(selected)) tokens selected, \
                \(NumberText.count(parts.tokens.unselected.count { $0 })) not. Differences are from the baseline, with 95 % intervals.
                """,
            label: "Selected and unselected loss on \(parts.split.label)", head: head, rows: rows, style: "results"
        ).html
    }
}
