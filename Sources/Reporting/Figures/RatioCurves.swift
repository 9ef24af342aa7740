import Analysis
import RunRecords

/// Loss difference from the baseline against the share of tokens that is selected, one line a policy and reference.
struct RatioCurves {
    let figure: Figure

    /// `nil` where no policy was run at two ratios.
    init?(_ findings: StudyFindings) {
        let styles = ArmStyle.styles(for: findings.record.arms)
        var families: [(style: ArmStyle, arms: [ArmFindings])] = []
        for (arm, style) in zip(findings.arms, styles) where arm.arm.role == .selection && arm.arm.ratio != nil {
            if let index = families.firstIndex(where: { ArmStyle.family(of: $0.arms[0].arm) == ArmStyle.family(of: arm.arm) }) {
                families[index].arms.append(arm)
            } else {
                families.append((style, [arm]))
            }
        }
        guard families.contains(where: { Set($0.arms.map(\.arm.ratio)).count > 1 }) else { return nil }
        let splits = findings.record.validationSplits
        let grid = PanelGrid(count: splits.count)
        var traces: [JSONValue] = []
        var layout: [String: JSONValue] = ["annotations": grid.titles(splits.map(\.label)), "margin": ["t": 34]]
        for (panel, split) in splits.enumerated() {
            for family in families {
                let points = family.arms.compactMap { arm in
                    arm.splits[split.name]?.difference.map { (ratio: arm.arm.ratio!, label: arm.arm.label, difference: $0) }
                }.sorted { $0.ratio < $1.ratio }
                guard !points.isEmpty else { continue }
                traces.append(Self.line(points, family.style, grid, panel))
            }
            layout[grid.layoutKey("x", panel)] = Figure.axis(
                "share of tokens selected",
                ["domain": grid.domain(panel), "anchor": grid.axis("y", panel), "range": [0, 1.02], "tickformat": ".1f"])
            layout[grid.layoutKey("y", panel)] = Figure.axis(
                panel == 0 ? "loss − baseline, nats" : "",
                ["anchor": grid.axis("x", panel), "showgrid": true, "zeroline": true, "zerolinewidth": 1.5])
        }
        figure = Figure(
            id: "figure-ratio", label: "Loss difference from the baseline by share of tokens selected",
            caption: """
                Difference in loss from \(findings.baseline?.arm.label ?? "the baseline"), with 95 % intervals, against the share \
                of tokens that is selected. Training on all tokens is the line at zero.
                """,
            height: 340, traces: traces, layout: layout, minimumWidth: 320 * splits.count)
    }

    private static func line(
        _ points: [(ratio: Double, label: String, difference: PairedDifference)], _ style: ArmStyle, _ grid: PanelGrid,
        _ panel: Int
    ) -> JSONValue {
        [
            "type": "scatter", "mode": "lines+markers", "name": Figure.text(points[0].label), "x": .numbers(points.map(\.ratio)),
            "y": .numbers(points.map(\.difference.difference)), "text": .array(points.map { Figure.text($0.label) }),
            "xaxis": grid.axis("x", panel), "yaxis": grid.axis("y", panel),
            "line": ["color": .string(style.color), "width": 1.6],
            "marker": ["color": .string(style.color), "size": 7, "symbol": .string(style.symbol)],
            "error_y": [
                "type": "data", "symmetric": false,
                "array": .numbers(points.map { $0.difference.upperBound - $0.difference.difference }),
                "arrayminus": .numbers(points.map { $0.difference.difference - $0.difference.lowerBound }),
                "color": .string(style.color), "thickness": 1.5, "width": 4,
            ],
            "hovertemplate": "%{text}<br>%{y:+.4f}<extra></extra>",
        ]
    }
}
