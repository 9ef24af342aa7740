import Analysis
import Foundation
import RunRecords

/// A study with everything computed that its report shows.
///
/// Only what the record points at is read. What a study doesn't have (an arm that hasn't run, a split without token losses)
/// is listed in `gaps`, and what contradicts itself in `contradictions`, so that the report can say so.
public struct StudyFindings: Sendable {
    public var record: StudyRecord
    /// In the record's order.
    public var arms: [ArmFindings]
    /// Between every two arms that trained an adapter, under the smallest seed; `nil` where there are fewer than two.
    public var cosines: CosineMatrix?
    /// Each arm's cosine to the baseline and what chance makes of it; `nil` where the baseline trained no adapter.
    public var cosineNulls: CosineNulls?
    /// Losses on the tokens that each score of the study would select and on the rest, by score and by split.
    public var parts: [LossParts]
    /// Which training tokens the selection arms selected, by the arm's name.
    public var selections: [String: SelectionFindings]
    /// How far two arms selected the same tokens, by the arms' names.
    public var overlaps: [(first: String, second: String, overlap: SelectionOverlap)]
    /// The tests with known bad tokens; `nil` where the study made none.
    public var groundTruth: GroundTruthRecord?
    /// Every claim of the record against what was measured.
    public private(set) var verdicts: [ClaimVerdict] = []
    /// The blocks of text that the token viewer shows, in the order of the validation splits.
    public var pages: [ViewerPage]
    public var gaps: [String]
    public var contradictions: [String]

    public var baseline: ArmFindings? { arms.first { $0.arm.role == .baseline } }

    /// Reads the study in `directory`, and nothing outside it.
    ///
    /// - Parameter followsOutside: whether the adapter that a run began from is read where it lies outside.
    public init(directory: URL, followsOutside: Bool = false) throws {
        let record = try StudyRecord.read(from: directory)
        guard !record.arms.isEmpty else { throw ReportError.noArms(directory.path) }
        var loader = FindingsLoader(record: record, directory: directory, followsOutside: followsOutside)
        self.record = record
        arms = loader.arms()
        let directions = loader.directions()
        cosines = loader.cosines(directions)
        cosineNulls = loader.cosineNulls(directions)
        parts = loader.parts(of: arms)
        selections = loader.selections(of: arms)
        overlaps = loader.overlaps(of: arms, selections)
        groundTruth = loader.groundTruth()
        pages = loader.pages(of: arms)
        gaps = loader.gaps
        contradictions = loader.contradictions
        verdicts = ClaimVerdict.judge(record.claims) { try measure($0) }
    }
}
