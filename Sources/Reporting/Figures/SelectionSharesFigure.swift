import Analysis
import Foundation

/// Which tokens each arm selects: by position in the block, by how common the token is, and by decile of the score.
struct SelectionSharesFigure {
    let figure: Figure

    /// `nil` where no run kept its selections or its deciles.
    init?(_ findings: StudyFindings) {
        let styles = ArmStyle.styles(for: findings.record.arms)
        let shown = zip(findings.arms, styles).enumerated().filter { $0.element.0.arm.role == .selection }
        let panels: [(title: String, axis: String, lines: [(index: Int, x: [Double], y: [Double])])] = [
            (
                "by position in the block", "position",
                shown.compactMap { index, entry in
                    findings.selections[entry.0.arm.name]?.byPosition.map { shares in
                        // The first tokens differ from the rest by a lot; groups of eight keep that visible and calm the line.
                        let groups = SelectionFindings.grouped(shares, by: 8)
                        return (index, groups.map(\.position), groups.map { $0.share * 100 })
                    }
                }
            ),
            (
                "by frequency", "occurrences in the corpus, at least",
                shown.compactMap { index, entry in
                    findings.selections[entry.0.arm.name]?.byFrequency.map { shares in
                        // A class of a handful of tokens says nothing.
                        let common = shares.enumerated().filter { $0.element.tokens >= 50 }
                        return (
                            index, common.map { pow(2, Double($0.offset)) }, common.map { $0.element.share! * 100 }
                        )
                    }
                }
            ),
            (
                "by decile of the score, lowest first", "decile",
                shown.compactMap { index, entry in
                    findings.selections[entry.0.arm.name]?.byDecile.map { shares in
                        (index, shares.indices.map { Double($0 + 1) }, shares.map { $0 * 100 })
                    }
                }
            ),
        ].filter { !$0.2.isEmpty }
        guard !panels.isEmpty else { return nil }
        let grid = PanelGrid(count: panels.count)
        var traces: [JSONValue] = []
        var layout: [String: JSONValue] = ["annotations": grid.titles(panels.map(\.title)), "margin": ["t": 34]]
        for (number, panel) in panels.enumerated() {
            for line in panel.lines {
                let style = styles[line.index]
                traces.append([
                    "type": "scatter", "mode": "lines+markers", "name": Figure.text(findings.arms[line.index].arm.label),
                    "meta": ["arm": .number(Double(line.index))],
                    "x": .numbers(line.x), "y": .numbers(line.y), "xaxis": grid.axis("x", number),
                    "yaxis": grid.axis("y", number),
                    "line": ["color": .string(style.color), "dash": .string(style.dash), "width": 1.6],
                    "marker": ["color": .string(style.color), "symbol": .string(style.symbol), "size": 5],
                    "hovertemplate": "%{fullData.name}<br>%{y:.1f} %<extra></extra>",
                ])
            }
            layout[grid.layoutKey("x", number)] = Figure.axis(
                panel.axis,
                [
                    "domain": grid.domain(number), "anchor": grid.axis("y", number),
                    "type": panel.axis.hasPrefix("occurrences") ? "log" : "linear",
                ])
            layout[grid.layoutKey("y", number)] = Figure.axis(
                number == 0 ? "selected, % of the tokens there" : "",
                ["anchor": grid.axis("x", number), "showgrid": true, "rangemode": "tozero"])
        }
        figure = Figure(
            id: "figure-selection",
            label: "Share of tokens selected by position, by frequency and by score decile, one line an arm",
            caption:
                "Which tokens carried the loss, over all steps and seeds. A flat line picks without regard to what is on the axis.",
            height: 340, traces: traces, layout: layout, minimumWidth: 320 * panels.count)
    }
}
