/// Which tokens every step of a run trained on: what a `SelectionLog` holds.
public struct SelectionHistory: Sendable, Equatable {
    /// What the selections are selections of.
    public struct Layout: Sendable, Equatable {
        /// Tokens in a block.
        public var blockLength: Int
        public var blocksPerStep: Int
        /// Content hash of the training tokens.
        public var dataHash: String

        public init(blockLength: Int, blocksPerStep: Int, dataHash: String) {
            (self.blockLength, self.blocksPerStep, self.dataHash) = (blockLength, blocksPerStep, dataHash)
        }
    }

    public var layout: Layout
    /// Step 1, step 2, and so on.
    public var steps: [SelectionStep]

    public var blockLength: Int { layout.blockLength }

    public init(layout: Layout, steps: [SelectionStep]) { (self.layout, self.steps) = (layout, steps) }
}

/// The tokens that one optimizer step trained on.
public struct SelectionStep: Sendable, Equatable {
    /// The first is 1.
    public var step: Int
    /// Where the step's blocks stand in the training tokens, micro-batch after micro-batch.
    public var blockIndices: [Int]
    /// `[blocks, blockLength]`, row-major. A token is marked at its own place, as in a token-loss file, so position 0 never is.
    public var selected: [Bool]

    public init(step: Int, blockIndices: [Int], selected: [Bool]) {
        (self.step, self.blockIndices, self.selected) = (step, blockIndices, selected)
    }

    public var selectedCount: Int { selected.count { $0 } }
}
