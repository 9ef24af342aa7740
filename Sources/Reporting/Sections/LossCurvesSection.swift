import RunRecords

/// Loss against tokens, selected tokens or seconds, held-out and in training; and loss against the ratio.
struct LossCurvesSection: ReportSection {
    let id = "curves"
    let title = "Loss curves"

    func body(_ findings: StudyFindings) -> HTML? {
        let curves = [ValidationCurves(findings)?.figure, TrainingCurves(findings)?.figure].compactMap { $0?.html }
        guard !curves.isEmpty else { return nil }
        let legend = ArmLegend(findings, section: id)
        let axes = SegmentedControl(
            legend: "Drawn against", name: "axis", section: id,
            choices: CurveAxis.allCases.map { ($0.rawValue, $0.label) }, details: CurveAxis.allCases.map(\.title))
        return ([axes.html, legend.html] + curves + [RatioCurves(findings)?.figure.html ?? ""]).joined()
    }
}
