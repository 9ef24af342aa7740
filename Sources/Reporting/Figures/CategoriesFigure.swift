import Analysis
import RunRecords

/// The paper's four categories of held-out tokens over training, as bars over arms: one panel a split.
struct CategoriesFigure {
    let figure: Figure

    private static let ink: [(category: TokenCategories.Category, color: String)] = [
        (.highToHigh, "#d99b6c"), (.lowToHigh, "#d55e00"), (.highToLow, "#0072b2"), (.lowToLow, "#7fb2d6"),
    ]

    /// `nil` where no run kept its losses over time.
    init?(_ findings: StudyFindings) {
        let splits = findings.record.validationSplits.filter { split in
            findings.arms.contains { $0.runs.contains { $0.categories[split.name] != nil } }
        }
        guard !splits.isEmpty else { return nil }
        let arms = findings.arms.filter { $0.runs.contains { !$0.categories.isEmpty } }
        let labels = JSONValue.array(arms.map { Figure.text($0.arm.label) })
        let grid = PanelGrid(count: splits.count, gap: 0.05)
        var traces: [JSONValue] = []
        var layout: [String: JSONValue] = [
            "annotations": grid.titles(splits.map(\.label)), "margin": ["t": 34], "barmode": "stack", "bargap": 0.35,
        ]
        for (panel, split) in splits.enumerated() {
            for (category, color) in Self.ink {
                let shares = arms.map { arm in
                    (arm.mean { $0.categories[split.name]?.share(category) } ?? .nan) * 100
                }
                traces.append([
                    "type": "bar", "orientation": "h", "name": .string(category.rawValue), "x": .numbers(shares), "y": labels,
                    "xaxis": grid.axis("x", panel), "yaxis": grid.axis("y", panel), "marker": ["color": .string(color)],
                    "hovertemplate": .string("%{y}<br>\(category.rawValue): %{x:.1f} %<extra></extra>"),
                ])
            }
            layout[grid.layoutKey("x", panel)] = Figure.axis(
                "share of tokens, %", ["domain": grid.domain(panel), "anchor": grid.axis("y", panel), "range": [0, 100]])
            layout[grid.layoutKey("y", panel)] = Figure.axis(
                "",
                [
                    "anchor": grid.axis("x", panel), "type": "category", "showticklabels": .bool(panel == 0), "ticks": "",
                    "autorange": "reversed", "categoryorder": "array", "categoryarray": labels,
                ])
        }
        let keys = Self.ink.map { category, color in
            "<span class=\"key\" style=\"background: \(color)\"></span> \(category.rawValue)" as HTML
        }
        figure = Figure(
            id: "figure-categories", label: "The four categories of tokens over training, by arm",
            caption: """
                Categories over training: \(keys.joined(", ")). A least-squares line goes through a token’s loss over the \
                evaluations: a fall of more than 0.2 nats is H→L, a rise of more L→H; of the others, L→L where the last loss is at or \
                under the mean, else H→H. Means over seeds. Rho-1 found 11 % H→H, 12 % L→H, 26 % H→L and 51 % L→L, over 15 \
                billion tokens.
                """,
            height: 96 + 30 * arms.count, traces: traces, layout: layout, minimumWidth: 300 + 210 * splits.count)
    }
}
