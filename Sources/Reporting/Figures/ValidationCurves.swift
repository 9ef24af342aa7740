import RunRecords

/// Validation loss in the course of training, one panel a split: an arm's mean over its seeds, each seed thin behind it.
struct ValidationCurves {
    let figure: Figure

    /// `nil` where nothing was evaluated.
    init?(_ findings: StudyFindings) {
        let splits = findings.record.validationSplits.filter { split in
            findings.arms.contains { $0.runs.contains { !$0.curve(on: split.name).isEmpty } }
        }
        guard !splits.isEmpty else { return nil }
        let styles = ArmStyle.styles(for: findings.record.arms)
        let grid = PanelGrid(count: splits.count)
        var traces: [JSONValue] = []
        for (panel, split) in splits.enumerated() {
            for (index, arm) in findings.arms.enumerated() {
                let lines = arm.runs.map { Self.line($0, split.name) }
                func trace(_ label: String, _ points: [CurveTrace.Point], faint: Bool) -> JSONValue {
                    CurveTrace(
                        arm: index, label: label, style: styles[index], points: points, xAxis: grid.axis("x", panel),
                        yAxis: grid.axis("y", panel), marksPoints: !faint, isFaint: faint
                    ).json
                }
                let mean = CurveTrace.mean(lines.filter { !$0.isEmpty })
                for (run, line) in zip(arm.runs, lines) where !line.isEmpty && (arm.finished.count > 1 || mean == nil) {
                    traces.append(trace("\(arm.arm.label), seed \(run.run.seed)", line, faint: mean != nil))
                }
                if let mean { traces.append(trace(arm.arm.label, mean, faint: false)) }
            }
        }
        let several = findings.arms.contains { $0.finished.count > 1 }
        figure = Figure(
            id: "figure-validation", label: "Validation loss in the course of training, one line an arm",
            caption: """
                Validation loss in the course of training. A point is an evaluation of the whole split\
                \(several ? "; thick lines are means over seeds, thin ones the seeds" : "").
                """, height: 380, traces: traces, layout: Self.layout(splits, grid), minimumWidth: 320 * splits.count)
    }

    private static func layout(_ splits: [StudyRecord.Split], _ grid: PanelGrid) -> [String: JSONValue] {
        var layout: [String: JSONValue] = ["annotations": grid.titles(splits.map(\.label)), "margin": ["t": 34]]
        for panel in splits.indices {
            layout[grid.layoutKey("x", panel)] = Figure.axis(
                CurveAxis.tokens.title,
                ["domain": grid.domain(panel), "anchor": grid.axis("y", panel), "rangemode": "tozero", "tickformat": "~s"])
            layout[grid.layoutKey("y", panel)] = Figure.axis(
                panel == 0 ? "validation loss, nats" : "", ["anchor": grid.axis("x", panel), "showgrid": true])
        }
        return layout
    }

    private static func line(_ run: RunFindings, _ split: String) -> [CurveTrace.Point] {
        let clock = CurveClock(run)
        return run.curve(on: split).map { record in
            CurveTrace.Point(
                place: clock.places(step: record.step, tokens: record.tokensSeen), y: record.loss)
        }
    }
}
