import Analysis
import RunRecords

/// Shares of tokens that moved, left and right of zero, with the net and with what chance alone moves: one panel a split.
struct BucketsFigure {
    let figure: Figure

    private static let fell = "#0072b2"
    private static let rose = "#d55e00"

    init(_ findings: StudyFindings, splits: [StudyRecord.Split]) {
        let grid = PanelGrid(count: splits.count, gap: 0.05)
        let arms = findings.arms.filter { arm in splits.contains { arm.splits[$0.name]?.buckets.isEmpty == false } }
        var (traces, shapes): ([JSONValue], [JSONValue]) = ([], [])
        var layout: [String: JSONValue] = [
            "annotations": grid.titles(splits.map(\.label)), "margin": ["t": 34], "barmode": "relative", "bargap": 0.4,
        ]
        for (panel, split) in splits.enumerated() {
            let moved = arms.compactMap { arm in
                arm.splits[split.name].flatMap { $0.buckets.isEmpty ? nil : MovedShares(arm.arm.label, $0) }
            }
            traces += Self.traces(moved, grid, panel)
            let movement = arms.lazy.compactMap { $0.splits[split.name]?.movement }.first
            shapes += Self.band(movement?.highToLow.null, sign: 1, grid, panel)
            shapes += Self.band(movement?.lowToHigh.null, sign: -1, grid, panel)
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
        layout["shapes"] = .array(shapes)
        figure = Figure(
            id: "figure-buckets", label: "Shares of tokens that moved between high and low loss, by arm",
            caption: """
                Right, <span class="key" style="background: \(Self.fell)"></span> H→L: tokens whose loss fell below the threshold. \
                Left, <span class="key" style="background: \(Self.rose)"></span> L→H: tokens whose loss rose above it. The diamond \
                is the net\(shapes.isEmpty ? "" : "; the grey bands span what two runs of the baseline move by chance").
                """,
            height: 96 + 32 * arms.count, traces: traces, layout: layout, minimumWidth: 300 + 210 * splits.count)
    }

    private static func traces(_ moved: [MovedShares], _ grid: PanelGrid, _ panel: Int) -> [JSONValue] {
        let labels = JSONValue.array(moved.map { Figure.text($0.label) })
        func trace(_ name: String, _ shares: [Double], _ intervals: [PairedDifference?], _ more: [String: JSONValue]) -> JSONValue
        {
            let known = intervals.compactMap { $0 }.count == intervals.count
            let common: [String: JSONValue] = [
                "name": .string(name), "y": labels, "x": .numbers(shares.map { $0 * 100 }), "xaxis": grid.axis("x", panel),
                "yaxis": grid.axis("y", panel), "hovertemplate": .string("%{y}<br>\(name): %{x:+.2f} %<extra></extra>"),
                "error_x": [
                    "visible": .bool(known), "type": "data", "thickness": 1.2, "width": 3, "color": "#767676",
                    "array": .numbers(intervals.map { ($0.map { ($0.upperBound - $0.lowerBound) / 2 } ?? 0) * 100 }),
                ],
            ]
            return .object(common.merging(more) { $1 })
        }
        func bar(_ color: String) -> [String: JSONValue] {
            ["type": "bar", "orientation": "h", "marker": ["color": .string(color)]]
        }
        let diamond: [String: JSONValue] = [
            "type": "scatter", "mode": "markers",
            "marker": ["symbol": "diamond", "size": 9, "color": "#ffffff", "line": ["color": "#333333", "width": 1.5]],
        ]
        return [
            trace("H→L", moved.map(\.highToLow), moved.map { $0.movement?.highToLow.arm }, bar(fell)),
            trace("L→H", moved.map { -$0.lowToHigh }, moved.map { $0.movement?.lowToHigh.arm }, bar(rose)),
            trace("net", moved.map(\.net), moved.map { _ in nil }, diamond),
        ]
    }

    private static func band(_ null: SeedSummary?, sign: Double, _ grid: PanelGrid, _ panel: Int) -> [JSONValue] {
        guard let null else { return [] }
        return [
            [
                "type": "rect", "xref": grid.axis("x", panel), "yref": .string(panel == 0 ? "y domain" : "y\(panel + 1) domain"),
                "x0": .number(sign * null.minimum * 100), "x1": .number(sign * null.maximum * 100), "y0": 0, "y1": 1,
                "fillcolor": "#767676", "opacity": 0.22, "line": ["width": 0], "layer": "below",
            ]
        ]
    }
}

/// Bucket movement of an arm, means over its seeds.
struct MovedShares {
    var label: String
    var buckets: [TokenBuckets]
    var movement: BucketMovement?

    init(_ label: String, _ findings: SplitFindings) {
        (self.label, buckets, movement) = (label, findings.buckets, findings.movement)
    }

    var highToLow: Double { mean(\.highToLowShare) }
    var lowToHigh: Double { mean(\.lowToHighShare) }
    var net: Double { mean(\.netShare) }
    var change: Double { mean(\.meanChange) }
    var threshold: Double { mean { Double($0.threshold) } }

    private func mean(_ value: (TokenBuckets) -> Double) -> Double {
        buckets.reduce(0) { $0 + value($1) } / Double(buckets.count)
    }
}
