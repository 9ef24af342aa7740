import RunRecords

/// Loss against tokens: held-out and in training.
struct LossCurvesSection: ReportSection {
    let id = "curves"
    let title = "Loss curves"

    func body(_ findings: StudyFindings) -> HTML? {
        let figures = [ValidationCurves(findings)?.figure, TrainingCurves(findings)?.figure].compactMap { $0?.html }
        guard !figures.isEmpty else { return nil }
        let styles = ArmStyle.styles(for: findings.record.arms)
        let legend = ArmLegend(arms: zip(findings.arms, styles).map { ($0.arm.label, $1) }, section: id)
        return ([legend.html] + figures).joined()
    }
}
