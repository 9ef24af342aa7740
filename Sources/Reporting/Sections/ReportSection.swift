/// A part of the report under its own heading.
///
/// A new one is a file here and a line in `all`.
protocol ReportSection: Sendable {
    /// Its anchor on the page.
    var id: String { get }
    var title: String { get }
    /// What stands under the heading; `nil` where the study has nothing for it, which leaves the section out.
    func body(_ findings: StudyFindings) -> HTML?
}

enum ReportSections {
    /// In the order of the page.
    static let all: [any ReportSection] = [
        SummarySection(), ClaimsSection(), LossCurvesSection(), PartsSection(), BucketsSection(), CosinesSection(),
        SelectionSection(), GroundTruthSection(), QuirksSection(), PublishedSection(), ProvenanceSection(), ViewerSection(),
    ]
}
