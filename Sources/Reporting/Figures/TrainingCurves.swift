import RunRecords

/// Training loss over all valid tokens, and its difference from the baseline on the same blocks; means over seeds.
///
/// Runs of one seed see the same blocks in the same order, so the difference at one step is free of what makes that step's
/// blocks hard, which is nearly all of the curve's unrest.
struct TrainingCurves {
    let figure: Figure

    /// `nil` where no arm has steps.
    init?(_ findings: StudyFindings) {
        let longest = findings.arms.flatMap(\.runs).map(\.history.steps.count).max() ?? 0
        guard longest > 0 else { return nil }
        let window = max(1, longest / 12)
        let styles = ArmStyle.styles(for: findings.record.arms)
        let grid = PanelGrid(count: 2)
        var traces: [JSONValue] = []
        for (index, arm) in findings.arms.enumerated() {
            func add(_ lines: [[CurveTrace.Point]], _ panel: Int) {
                guard let mean = CurveTrace.mean(lines) else { return }
                traces.append(
                    CurveTrace(
                        arm: index, label: arm.arm.label, style: styles[index], points: mean, xAxis: grid.axis("x", panel),
                        yAxis: grid.axis("y", panel)
                    ).json)
            }
            let trained = arm.runs.filter { !$0.history.steps.isEmpty }
            add(trained.map { Self.line($0, $0.history.steps.map(\.loss), window) }, 0)
            guard arm.arm.role == .selection || arm.arm.role == .null else { continue }
            add(
                trained.compactMap { run in
                    let baseline = findings.baseline?.runs.first { $0.run.seed == run.run.seed }
                    return baseline.flatMap { Self.differences(run, from: $0) }.map { Self.line(run, $0, window) }
                }, 1)
        }
        figure = Figure(
            id: "figure-training", label: "Training loss, one line an arm",
            caption: """
                Loss in training over all valid tokens, selected or not, with dropout active where the recipe has it; running mean \
                over \(window) \(window == 1 ? "step" : "steps"), mean over seeds. Right: the same minus the loss of the baseline \
                with the same seed at the same step, where both saw the same blocks.
                """,
            height: 380, traces: traces, layout: Self.layout(grid), minimumWidth: 640)
    }

    private static func layout(_ grid: PanelGrid) -> [String: JSONValue] {
        var layout: [String: JSONValue] = [
            "annotations": grid.titles(["loss over all valid tokens", "minus the baseline’s at the same step"]),
            "margin": ["t": 34],
        ]
        for panel in 0...1 {
            layout[grid.layoutKey("x", panel)] = Figure.axis(
                CurveAxis.tokens.title,
                ["domain": grid.domain(panel), "anchor": grid.axis("y", panel), "rangemode": "tozero", "tickformat": "~s"])
            layout[grid.layoutKey("y", panel)] = Figure.axis(
                panel == 0 ? "training loss, nats" : "",
                ["anchor": grid.axis("x", panel), "showgrid": true, "zeroline": .bool(panel == 1), "zerolinewidth": 1.5])
        }
        return layout
    }

    private static func line(_ run: RunFindings, _ values: [Double], _ window: Int) -> [CurveTrace.Point] {
        let clock = CurveClock(run)
        return zip(run.history.steps, runningMean(values, window: window)).map { step, value in
            CurveTrace.Point(place: clock.places(step: step.step, tokens: step.tokensSeen), y: value)
        }
    }

    /// `nil` where the two did not see as many tokens at every step, so that the steps don't compare.
    private static func differences(_ run: RunFindings, from baseline: RunFindings) -> [Double]? {
        let (steps, others) = (run.history.steps, baseline.history.steps)
        guard steps.count <= others.count else { return nil }
        let pairs = zip(steps, others)
        guard pairs.allSatisfy({ $0.step == $1.step && $0.tokensSeen == $1.tokensSeen }) else { return nil }
        return pairs.map { $0.loss - $1.loss }
    }
}
