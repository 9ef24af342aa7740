import RunRecords

/// What each arm selected, and what it cost.
struct SelectionSection: ReportSection {
    let id = "selection"
    let title = "What was selected"

    func body(_ findings: StudyFindings) -> HTML? {
        let arms = findings.arms.filter { arm in arm.runs.contains { !$0.history.steps.isEmpty } }
        guard !arms.isEmpty else { return nil }
        let shares = SelectionSharesFigure(findings)
        let legend = ArmLegend(findings, section: id) { findings.selections[$0.arm.name] != nil }
        return [
            work(arms), shares.map { "\(legend.html)\($0.figure.html)" } ?? "", OverlapTable(findings)?.html ?? "",
        ].joined()
    }

    private func work(_ arms: [ArmFindings]) -> HTML {
        let head: [HTML] = [
            "Arm", "reference", "tokens", "selected", "candidates", "filled<br>at random", "tied<br>steps", "loss of<br>selected",
            "loss of<br>the rest", "training", "all told",
        ]
        return ReportTable(
            caption: """
                Candidates are tokens with a positive weight, as a share of the valid ones; where a step has fewer candidates than \
                places, the rest is filled at random. A tied step is one where all scores of a pool were equal, so that the tie \
                rule alone picked. The two losses are means over the last tenth of the steps. “All told” is wall time with \
                loading, evaluation and checkpoints. Counts and times are sums over seeds.
                """,
            label: "What each arm selected and how long it took", head: ReportTable.head(head), rows: arms.map(row),
            style: "selection"
        ).html
    }

    private func row(_ findings: ArmFindings) -> HTML {
        let (arm, runs) = (findings.arm, findings.runs)
        let steps = runs.flatMap(\.history.steps)
        let valid = steps.reduce(0) { $0 + $1.validTokens }
        let selected = steps.reduce(0) { $0 + $1.selectedTokens }
        let weighed = steps.filter { $0.candidates != nil }
        let candidates =
            weighed.isEmpty
            ? nil : share(weighed.reduce(0) { $0 + $1.candidates! }, of: weighed.reduce(0) { $0 + $1.validTokens })
        let last = runs.flatMap { $0.history.steps.suffix(max(1, $0.history.steps.count / 10)) }
        let selectedLoss = mean(last.map { ($0.selectedLoss, $0.selectedTokens) })
        let rest = mean(last.compactMap { step in step.unselectedLoss.map { ($0, step.validTokens - step.selectedTokens) } })
        return ReportTable.row(
            "\(arm.label)",
            [
                "\(arm.reference ?? NumberText.none)", "\(NumberText.count(valid))",
                "\(NumberText.percent(share(selected, of: valid)))", "\(NumberText.percent(candidates))",
                "\(NumberText.percent(share(steps.reduce(0) { $0 + $1.filledAtRandom }, of: selected)))",
                "\(steps.filter(\.tied).count)", "\(NumberText.loss(selectedLoss))", "\(NumberText.loss(rest))",
                "\(NumberText.duration(runs.reduce(0) { $0 + $1.run.trainingSeconds }))",
                "\(NumberText.duration(runs.reduce(0) { $0 + $1.run.wallSeconds }))",
            ])
    }

    private func share(_ part: Int, of whole: Int) -> Double? { whole > 0 ? Double(part) / Double(whole) : nil }

    /// Weighted by tokens.
    private func mean(_ values: [(loss: Double, tokens: Int)]) -> Double? {
        let tokens = values.reduce(0) { $0 + $1.tokens }
        return tokens > 0 ? values.reduce(0) { $0 + $1.loss * Double($1.tokens) } / Double(tokens) : nil
    }
}
