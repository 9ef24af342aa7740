/// One line in a figure of loss curves: an arm's mean over its seeds, or one seed.
struct CurveTrace {
    /// A point of the line.
    struct Point {
        var place: [CurveAxis: Double]
        var y: Double
    }

    /// The arm's place in the study, which the legend's check boxes go by.
    var arm: Int
    var label: String
    var style: ArmStyle
    var points: [Point]
    var xAxis: JSONValue
    var yAxis: JSONValue
    var marksPoints = false
    /// A single seed behind the mean of several.
    var isFaint = false

    /// The mean of lines that have a point at the same places; `nil` where they don't.
    static func mean(_ lines: [[Point]]) -> [Point]? {
        guard let first = lines.first, !first.isEmpty, lines.allSatisfy({ $0.count == first.count }) else { return nil }
        return first.indices.map { index in
            let points = lines.map { $0[index] }
            let count = Double(points.count)
            let place = CurveAxis.allCases.map { axis in (axis, points.reduce(0) { $0 + $1.place[axis]! } / count) }
            return Point(place: Dictionary(uniqueKeysWithValues: place), y: points.reduce(0) { $0 + $1.y } / count)
        }
    }

    var json: JSONValue {
        // The script draws x from here when another axis is chosen.
        let places = CurveAxis.allCases.map { axis in (axis.rawValue, JSONValue.numbers(points.map { $0.place[axis]! })) }
        return [
            "type": "scatter", "mode": marksPoints ? "lines+markers" : "lines", "name": Figure.text(label),
            "meta": ["arm": .number(Double(arm)), "x": .object(Dictionary(uniqueKeysWithValues: places))],
            "x": .numbers(points.map { $0.place[.tokens]! }), "y": .numbers(points.map(\.y)), "xaxis": xAxis, "yaxis": yAxis,
            "line": ["color": .string(style.color), "dash": .string(style.dash), "width": isFaint ? 0.9 : 1.9],
            "opacity": isFaint ? 0.45 : 1,
            "marker": ["color": .string(style.color), "symbol": .string(style.symbol), "size": 6],
            "hovertemplate": "%{x:,.5~r}<br>%{y:.4f}<extra>%{fullData.name}</extra>",
        ]
    }
}
