import Analysis

/// How alike the arms moved the model: cosines to the baseline beside their nulls, both matrices as heat maps, and gradients.
struct CosinesSection: ReportSection {
    let id = "directions"
    let title = "Update directions"

    func body(_ findings: StudyFindings) -> HTML? {
        let probe = ProbeFigure(findings)
        guard findings.cosines != nil || probe != nil else { return nil }
        let introduction: HTML = """
            <p>How alike two arms moved the model. <em>Effective</em> is the cosine of ΔW = (α/r)·BA minus what the start already \
            added: what the model feels. <em>Adapter</em> is the cosine of the raw A and B, flattened: the published replication’s, \
            kept for comparison. A start that both arms share brings it near 1 by itself, whatever was learned.</p>
            """
        let legend = ArmLegend(findings, section: id) { arm in arm.runs.contains { !$0.history.probes.isEmpty } }
        return [
            introduction, nulls(findings) ?? "",
            findings.cosines.map { heatMap($0, "Effective: cosine of ΔW", \.effective) } ?? "",
            findings.cosines.map { heatMap($0, "Adapter: cosine of A and B, flattened", \.adapter) } ?? "",
            probe.map { "<h3>Gradients</h3>\(legend.html)\($0.figure.html)" } ?? "",
        ].joined()
    }

    private func nulls(_ findings: StudyFindings) -> HTML? {
        guard let nulls = findings.cosineNulls, !nulls.arms.isEmpty else { return nil }
        let baseline = findings.baseline?.arm.label ?? "the baseline"
        func cells(_ summary: CosineNulls.Summary) -> [HTML] {
            [cell(summary.effective), cell(summary.adapter), "\(NumberText.count(summary.effective?.seeds))"]
        }
        var rows = [
            ReportTable.row(
                "Null: the same start,<br>another data order", cells(nulls.otherOrder), style: "start"),
            ReportTable.row("Null: another initialisation", cells(nulls.otherStart), style: "start"),
        ]
        rows += nulls.arms.filter { arm in findings.arms.first { $0.arm.name == arm.arm }?.arm.role != .null }.map { arm in
            let label = findings.arms.first { $0.arm.name == arm.arm }?.arm.label ?? arm.arm
            return ReportTable.row("\(label)", cells(arm.summary))
        }
        return ReportTable(
            caption: """
                <strong>Cosine to \(baseline)</strong> of the same seed: mean and, under it, the range over pairs. The nulls compare \
                \(baseline) with itself: an arm moved the model elsewhere only where its cosine lies below the first null, and \
                below the second null cosines say nothing.
                """,
            label: "Cosines to the baseline and their nulls",
            head: ReportTable.head(["Arm", "effective", "adapter", "pairs"]), rows: rows, style: "cosines"
        ).html
    }

    private func cell(_ summary: SeedSummary?) -> HTML {
        guard let summary else { return "<span class=\"faint\">not measured</span>" }
        let range = "\(NumberText.fixed(summary.minimum, 3)) … \(NumberText.fixed(summary.maximum, 3))"
        return .stacked("\(NumberText.fixed(summary.mean, 3))", under: summary.seeds > 1 ? "\(range)" : nil)
    }

    private func heatMap(_ matrix: CosineMatrix, _ title: String, _ value: KeyPath<UpdateCosines, Double?>) -> HTML {
        let rows = matrix.values.enumerated().map { index, row in
            """
            <tr><th scope="row">\(matrix.labels[index])</th>\(row.map { cell($0[keyPath: value]) }.joined(""))</tr>
            """ as HTML
        }
        return ReportTable(
            caption: """
                <strong>\(title)</strong>, between arms under their smallest seed. Blue above zero, orange below; full ink at ±1. A \
                dash: one of the two has not moved.
                """,
            label: title, head: ReportTable.head([""] + matrix.labels.map { "\($0)" }), rows: rows, style: "heat"
        ).html
    }

    private func cell(_ cosine: Double?) -> HTML {
        guard let cosine else { return "<td>\(NumberText.none)</td>" }
        return """
            <td class="\(cosine < 0 ? "negative" : "")" style="--value: \(NumberText.cssNumber(min(1, abs(cosine))))">\
            \(NumberText.fixed(cosine, 3))</td>
            """
    }
}
