import RunRecords

/// Cosine between the gradient of the selected tokens and that of all tokens, in the course of training.
struct ProbeFigure {
    let figure: Figure

    /// `nil` where no run was probed.
    init?(_ findings: StudyFindings) {
        let styles = ArmStyle.styles(for: findings.record.arms)
        let grid = PanelGrid(count: 1)
        var traces: [JSONValue] = []
        for (index, arm) in findings.arms.enumerated() where arm.arm.role == .selection {
            let lines = arm.runs.map(Self.line).filter { !$0.isEmpty }
            let mean = CurveTrace.mean(lines)
            for line in lines where lines.count > 1 || mean == nil {
                traces.append(
                    CurveTrace(
                        arm: index, label: arm.arm.label, style: styles[index], points: line, xAxis: grid.axis("x", 0),
                        yAxis: grid.axis("y", 0), isFaint: mean != nil
                    ).json)
            }
            guard let mean else { continue }
            traces.append(
                CurveTrace(
                    arm: index, label: arm.arm.label, style: styles[index], points: mean, xAxis: grid.axis("x", 0),
                    yAxis: grid.axis("y", 0), marksPoints: true
                ).json)
        }
        guard !traces.isEmpty else { return nil }
        let blocks = findings.arms.lazy.flatMap(\.runs).flatMap(\.history.probes).map(\.blocks).first ?? 0
        figure = Figure(
            id: "figure-probe", label: "Cosine between the gradient of selected tokens and of all tokens, by training tokens",
            caption: """
                Cosine between the mean gradient over the tokens that an arm selects and that over all tokens, on the same \
                \(Sentence.count(blocks, "block")) at every evaluation. CLM is at 1 by definition; thick lines are means over seeds.
                """,
            height: 320, traces: traces,
            layout: [
                "xaxis": Figure.axis("training tokens", ["rangemode": "tozero", "tickformat": "~s"]),
                "yaxis": Figure.axis("gradient cosine", ["showgrid": true]),
            ], minimumWidth: 420)
    }

    private static func line(_ run: RunFindings) -> [CurveTrace.Point] {
        let clock = CurveClock(run)
        return run.history.probes.compactMap { probe in
            probe.cosine.map { .init(place: clock.places(step: probe.step, tokens: probe.tokensSeen), y: $0) }
        }
    }
}
