/// Panels side by side in one figure, one a split: Plotly's names and places of their axes.
struct PanelGrid {
    var count: Int
    /// Share of the width between two panels.
    var gap = 0.09

    /// `x`, `x2`, …: how a trace names its axis.
    func axis(_ letter: String, _ panel: Int) -> JSONValue { .string(letter + suffix(panel)) }

    /// `xaxis`, `xaxis2`, …: how the layout names it.
    func layoutKey(_ letter: String, _ panel: Int) -> String { letter + "axis" + suffix(panel) }

    /// Where a panel lies across the figure, 0…1.
    func domain(_ panel: Int) -> JSONValue {
        let width = (1 - gap * Double(count - 1)) / Double(count)
        let start = Double(panel) * (width + gap)
        return .numbers([start, min(1, start + width)])
    }

    /// A title above each panel.
    func titles(_ titles: [String]) -> JSONValue {
        .array(
            titles.enumerated().map { panel, title in
                [
                    "text": Figure.text(title), "xref": .string("x" + suffix(panel) + " domain"), "yref": "paper", "x": 0, "y": 1,
                    "yanchor": "bottom", "xanchor": "left", "showarrow": false, "yshift": 8,
                ]
            })
    }

    private func suffix(_ panel: Int) -> String { panel == 0 ? "" : String(panel + 1) }
}
