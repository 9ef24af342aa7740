import Analysis
import RunRecords

/// The first blocks of a held-out split with all that is known of each token: what the token viewer shows.
public struct ViewerPage: Sendable {
    /// How many blocks of a split go into a report, and at most how many tokens.
    static let blockLimit = 24
    static let tokenLimit = 6144
    /// How many checkpoints a token's picks are told of: as many as a double has bits.
    static let checkpointLimit = 53

    /// What one arm makes of the tokens, under its smallest seed. Arrays are flat over blocks and positions.
    public struct Arm: Sendable {
        public var label: String
        public var losses: [Float]
        /// The key in `references` of what its score compares with; `nil` where it compares with nothing.
        public var reference: String?
        /// The paper's category of each token; `nil` where the study kept no losses over time.
        public var categories: [TokenCategories.Category?]?
        /// For each checkpoint, which tokens the arm's rule would have picked with the losses it then had.
        public var picks: [(step: Int, picked: [Bool])]
    }

    public var split: StudyRecord.Split
    /// `[blocks][positions]`.
    public var pieces: [[String]]
    /// Which tokens are predicted at all: not the first of a block.
    public var mask: [Bool]
    /// Before training.
    public var start: [Float]?
    /// By the reference's name.
    public var references: [String: [Float]]
    public var arms: [Arm]
}
