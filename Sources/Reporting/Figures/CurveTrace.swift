/// One arm's line in a figure.
struct CurveTrace {
    /// The arm's place in the study, which the legend's check boxes go by.
    var arm: Int
    var label: String
    var style: ArmStyle
    var x: [Double]
    var y: [Double]
    var xAxis: JSONValue
    var yAxis: JSONValue
    var marksPoints = false

    var json: JSONValue {
        [
            "type": "scatter", "mode": marksPoints ? "lines+markers" : "lines", "name": Figure.text(label),
            "meta": .number(Double(arm)), "x": .numbers(x), "y": .numbers(y), "xaxis": xAxis, "yaxis": yAxis,
            "line": ["color": .string(style.color), "dash": .string(style.dash), "width": 1.9],
            "marker": ["color": .string(style.color), "symbol": .string(style.symbol), "size": 6],
            "hovertemplate": "%{x:,} tokens<br>%{y:.4f}<extra>%{fullData.name}</extra>",
        ]
    }
}
