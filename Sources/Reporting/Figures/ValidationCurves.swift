import RunRecords

/// Validation loss by training tokens, one panel a split.
struct ValidationCurves {
    let figure: Figure

    /// `nil` where nothing was evaluated.
    init?(_ findings: StudyFindings) {
        let splits = findings.record.validationSplits.filter { split in
            findings.arms.contains { !$0.curve(on: split.name).isEmpty }
        }
        guard !splits.isEmpty else { return nil }
        let styles = ArmStyle.styles(for: findings.record.arms)
        let grid = PanelGrid(count: splits.count)
        var traces: [JSONValue] = []
        var layout: [String: JSONValue] = ["annotations": grid.titles(splits.map(\.label)), "margin": ["t": 34]]
        for (panel, split) in splits.enumerated() {
            for (index, findings) in findings.arms.enumerated() {
                let curve = findings.curve(on: split.name)
                guard !curve.isEmpty else { continue }
                traces.append(
                    CurveTrace(
                        arm: index, label: findings.arm.label, style: styles[index], x: curve.map { Double($0.tokensSeen) },
                        y: curve.map(\.loss), xAxis: grid.axis("x", panel), yAxis: grid.axis("y", panel), marksPoints: true
                    ).json)
            }
            layout[grid.layoutKey("x", panel)] = Figure.axis(
                "training tokens",
                ["domain": grid.domain(panel), "anchor": grid.axis("y", panel), "rangemode": "tozero", "tickformat": "~s"])
            layout[grid.layoutKey("y", panel)] = Figure.axis(
                panel == 0 ? "validation loss, nats" : "", ["anchor": grid.axis("x", panel), "showgrid": true])
        }
        figure = Figure(
            id: "figure-validation", label: "Validation loss by training tokens, one line an arm",
            caption: "Validation loss by training tokens. A point is an evaluation of the whole split.", height: 360,
            traces: traces, layout: layout, minimumWidth: 300 * splits.count)
    }
}

extension ArmFindings {
    /// The evaluations on a split by ascending tokens: the run's own, or those of the record where the run left none.
    func curve(on split: String) -> [EvaluationRecord] {
        let own = history.evaluations(on: split)
        return (own.isEmpty ? arm.runs[0].evaluations.filter { $0.split == split } : own).sorted { $0.tokensSeen < $1.tokensSeen }
    }
}
