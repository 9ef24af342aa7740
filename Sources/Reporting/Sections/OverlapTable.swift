import Analysis

/// How far two arms select the same tokens of the same blocks, and how far an arm selects them again.
struct OverlapTable {
    let html: HTML

    /// `nil` where fewer than two runs kept their selections of the same blocks and none saw a block twice.
    init?(_ findings: StudyFindings) {
        func label(_ name: String) -> String { findings.arms.first { $0.arm.name == name }?.arm.label ?? name }
        func cells(_ overlap: SelectionOverlap) -> [HTML] {
            [
                "\(NumberText.fixed(overlap.jaccard, 3))", "\(NumberText.fixed(overlap.expected, 3))",
                "\(NumberText.count(overlap.visits))",
            ]
        }
        let rows =
            findings.overlaps.map { ReportTable.row("\(label($0.first)) ↔ \(label($0.second))", cells($0.overlap)) }
            + findings.arms.compactMap { arm in
                findings.selections[arm.arm.name]?.stability.map {
                    ReportTable.row("\(arm.arm.label), seeing a block again", cells($0))
                }
            }
        guard !rows.isEmpty else { return nil }
        html =
            ReportTable(
                caption: """
                    <strong>Overlap of selections</strong> on the same blocks at the same step: tokens in both over tokens in either \
                    (Jaccard), beside what two random selections of the same sizes would reach.
                    """,
                label: "Overlap of selections", head: ReportTable.head(["Arms", "Jaccard", "by chance", "blocks"]), rows: rows,
                style: "overlap"
            ).html
    }
}
