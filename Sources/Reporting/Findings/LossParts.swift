import Analysis
import RunRecords

/// Every arm's loss on the held-out tokens that a score would select, and on the rest.
///
/// All arms are judged on the same two sets of tokens, ranked by the loss at the start less the reference's.
public struct LossParts: Sendable {
    public struct Arm: Sendable {
        /// Mean over seeds.
        public var selected: Double
        public var unselected: Double
        /// Against the baseline; `nil` for the baseline.
        public var selectedDifference: PairedDifference?
        public var unselectedDifference: PairedDifference?
    }

    /// The reference's name.
    public var reference: String
    public var ratio: Double
    public var split: StudyRecord.Split
    public var tokens: ExcessSplit
    /// By the arm's name.
    public var arms: [String: Arm]
}
