import Analysis
import RunRecords

/// Each arm's difference from the baseline with its interval, one panel a validation split.
struct DifferenceFigure {
    let figure: Figure

    /// `nil` where no arm has a difference.
    init?(_ findings: StudyFindings) {
        let splits = findings.record.validationSplits.filter { split in
            findings.arms.contains { $0.splits[split.name]?.difference != nil }
        }
        guard !splits.isEmpty else { return nil }
        let styles = ArmStyle.styles(for: findings.record.arms)
        let shown = zip(findings.arms, styles).filter { findings, _ in
            findings.splits.values.contains { $0.difference != nil }
        }
        let grid = PanelGrid(count: splits.count, gap: 0.05)
        var traces: [JSONValue] = []
        var layout: [String: JSONValue] = ["annotations": grid.titles(splits.map(\.label)), "margin": ["t": 34]]
        for (panel, split) in splits.enumerated() {
            for (findings, style) in shown {
                guard let difference = findings.splits[split.name]?.difference else { continue }
                traces.append(Self.point(findings.arm.label, difference, style, grid, panel))
            }
            layout[grid.layoutKey("x", panel)] = Figure.axis(
                "loss − baseline, nats",
                ["domain": grid.domain(panel), "anchor": grid.axis("y", panel), "zeroline": true, "zerolinewidth": 1.5])
            layout[grid.layoutKey("y", panel)] = Figure.axis(
                "",
                [
                    "anchor": grid.axis("x", panel), "type": "category", "showticklabels": .bool(panel == 0), "ticks": "",
                    "autorange": "reversed", "categoryorder": "array",
                    "categoryarray": .array(shown.map { Figure.text($0.0.arm.label) }),
                ])
        }
        figure = Figure(
            id: "figure-differences", label: "Difference in validation loss from the baseline, by arm, with 95 % intervals",
            caption: """
                Difference in validation loss from \(findings.baseline?.arm.label ?? "the baseline") with its 95 % interval; left \
                of the line is better. The numbers are those of the table above.
                """,
            height: 96 + 30 * shown.count, traces: traces, layout: layout, minimumWidth: 300 + 210 * splits.count)
    }

    private static func point(
        _ label: String, _ difference: PairedDifference, _ style: ArmStyle, _ grid: PanelGrid, _ panel: Int
    ) -> JSONValue {
        [
            "type": "scatter", "mode": "markers", "name": Figure.text(label),
            "x": .numbers([difference.difference]), "y": .array([Figure.text(label)]),
            "xaxis": grid.axis("x", panel), "yaxis": grid.axis("y", panel),
            "marker": ["color": .string(style.color), "size": 9, "symbol": .string(style.symbol)],
            "error_x": [
                "type": "data", "symmetric": false, "array": .numbers([difference.upperBound - difference.difference]),
                "arrayminus": .numbers([difference.difference - difference.lowerBound]), "color": .string(style.color),
                "thickness": 1.75, "width": 4,
            ],
            "hovertemplate": .string(
                "%{y}<br>\(NumberText.signed(difference.difference, 4)) [\(NumberText.signed(difference.lowerBound, 4)), "
                    + "\(NumberText.signed(difference.upperBound, 4))]<extra></extra>"),
        ]
    }
}
