import Analysis
import RunRecords

/// Shares of tokens that moved, left and right of zero, with the net: one panel a split.
struct BucketsFigure {
    let figure: Figure

    private static let fell = "#0072b2"
    private static let rose = "#d55e00"

    init(_ findings: StudyFindings, splits: [StudyRecord.Split]) {
        let grid = PanelGrid(count: splits.count, gap: 0.05)
        let arms = findings.arms.filter { arm in splits.contains { arm.splits[$0.name]?.buckets != nil } }
        var traces: [JSONValue] = []
        var layout: [String: JSONValue] = [
            "annotations": grid.titles(splits.map(\.label)), "margin": ["t": 34], "barmode": "relative", "bargap": 0.35,
        ]
        for (panel, split) in splits.enumerated() {
            let moved = arms.compactMap { arm in arm.splits[split.name]?.buckets.map { (arm.arm.label, $0) } }
            let labels = JSONValue.array(moved.map { Figure.text($0.0) })
            func trace(_ name: String, _ shares: [Double], _ more: [String: JSONValue]) -> JSONValue {
                let common: [String: JSONValue] = [
                    "name": .string(name), "y": labels, "x": .numbers(shares.map { $0 * 100 }),
                    "xaxis": grid.axis("x", panel), "yaxis": grid.axis("y", panel),
                    "hovertemplate": .string("%{y}<br>\(name): %{x:+.2f} %<extra></extra>"),
                ]
                return .object(common.merging(more) { $1 })
            }
            func bar(_ color: String) -> [String: JSONValue] {
                ["type": "bar", "orientation": "h", "marker": ["color": .string(color)]]
            }
            traces.append(trace("H→L", moved.map { $1.highToLowShare }, bar(Self.fell)))
            traces.append(trace("L→H", moved.map { -$1.lowToHighShare }, bar(Self.rose)))
            traces.append(
                trace(
                    "net", moved.map { $1.netShare },
                    [
                        "type": "scatter", "mode": "markers",
                        "marker": [
                            "symbol": "diamond", "size": 9, "color": "#ffffff", "line": ["color": "#333333", "width": 1.5],
                        ],
                    ]))
            layout[grid.layoutKey("x", panel)] = Figure.axis(
                "share of tokens, %",
                ["domain": grid.domain(panel), "anchor": grid.axis("y", panel), "zeroline": true, "zerolinewidth": 1.5])
            layout[grid.layoutKey("y", panel)] = Figure.axis(
                "",
                [
                    "anchor": grid.axis("x", panel), "type": "category", "showticklabels": .bool(panel == 0), "ticks": "",
                    "autorange": "reversed", "categoryorder": "array",
                    "categoryarray": .array(arms.map { Figure.text($0.arm.label) }),
                ])
        }
        figure = Figure(
            id: "figure-buckets", label: "Shares of tokens that moved between high and low loss, by arm",
            caption: """
                Right, <span class="key" style="background: \(Self.fell)"></span> H→L: tokens whose loss fell below the threshold. \
                Left, <span class="key" style="background: \(Self.rose)"></span> L→H: tokens whose loss rose above it. The diamond \
                is the net.
                """,
            height: 96 + 32 * arms.count, traces: traces, layout: layout, minimumWidth: 300 + 210 * splits.count)
    }
}
