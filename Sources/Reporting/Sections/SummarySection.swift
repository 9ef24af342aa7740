/// What was asked, what was found, the main table, the matched controls, and what is missing.
struct SummarySection: ReportSection {
    let id = "summary"
    let title = "Summary"

    func body(_ findings: StudyFindings) -> HTML? {
        [
            "<div class=\"findings\">\(findings.summary.map { "<p>\($0)</p>" as HTML }.joined())</div>",
            .notice("Contradictions", findings.contradictions), ResultsTable(findings).html,
            DifferenceFigure(findings)?.figure.html ?? "", MatchedControlsTable(findings)?.html ?? "",
            .notice("What is missing", findings.gaps),
        ].joined()
    }
}
