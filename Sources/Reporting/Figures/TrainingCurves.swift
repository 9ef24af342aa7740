import RunRecords

/// Training loss over all valid tokens, and its difference from the baseline on the same blocks.
///
/// The arms see the same blocks in the same order, so the difference at one step is free of what makes that step's blocks
/// hard, which is nearly all of the curve's unrest.
struct TrainingCurves {
    let figure: Figure

    /// `nil` where no arm has steps.
    init?(_ findings: StudyFindings) {
        let longest = findings.arms.map(\.history.steps.count).max() ?? 0
        guard longest > 0 else { return nil }
        let window = max(1, longest / 12)
        let styles = ArmStyle.styles(for: findings.record.arms)
        let baseline = findings.baseline?.history.steps ?? []
        let grid = PanelGrid(count: 2)
        var traces: [JSONValue] = []
        for (index, findings) in findings.arms.enumerated() where !findings.history.steps.isEmpty {
            func trace(_ steps: [StepMetrics], _ values: [Double], _ panel: Int) -> JSONValue {
                CurveTrace(
                    arm: index, label: findings.arm.label, style: styles[index], x: steps.map { Double($0.tokensSeen) },
                    y: runningMean(values, window: window), xAxis: grid.axis("x", panel), yAxis: grid.axis("y", panel)
                ).json
            }
            let steps = findings.history.steps
            traces.append(trace(steps, steps.map(\.loss), 0))
            guard findings.arm.role != .baseline, let differences = Self.differences(steps, from: baseline) else { continue }
            traces.append(trace(steps, differences, 1))
        }
        var layout: [String: JSONValue] = [
            "annotations": grid.titles(["loss over all valid tokens", "minus the baseline's at the same step"]),
            "margin": ["t": 34],
        ]
        for panel in 0...1 {
            layout[grid.layoutKey("x", panel)] = Figure.axis(
                "training tokens",
                ["domain": grid.domain(panel), "anchor": grid.axis("y", panel), "rangemode": "tozero", "tickformat": "~s"])
            layout[grid.layoutKey("y", panel)] = Figure.axis(
                panel == 0 ? "training loss, nats" : "",
                ["anchor": grid.axis("x", panel), "showgrid": true, "zeroline": .bool(panel == 1), "zerolinewidth": 1.5])
        }
        figure = Figure(
            id: "figure-training", label: "Training loss by training tokens, one line an arm",
            caption: """
                Loss in training over all valid tokens, selected or not, with dropout active where the recipe has it; running mean \
                over \(window) \(window == 1 ? "step" : "steps"). Right: the same minus the baseline's loss at the same step, where \
                both saw the same tokens.
                """,
            height: 360, traces: traces, layout: layout, minimumWidth: 600)
    }

    /// `nil` where the two did not see as many tokens at every step, so that the steps don't compare.
    private static func differences(_ steps: [StepMetrics], from baseline: [StepMetrics]) -> [Double]? {
        guard steps.count <= baseline.count else { return nil }
        let pairs = zip(steps, baseline)
        guard pairs.allSatisfy({ $0.step == $1.step && $0.tokensSeen == $1.tokensSeen }) else { return nil }
        return pairs.map { $0.loss - $1.loss }
    }
}
