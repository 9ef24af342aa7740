/// Which tokens a run selected, block by block, in the order in which it saw them.
public struct SelectionTrace: Sendable, Equatable {
    /// One block in one step.
    public struct Visit: Sendable, Equatable {
        public var step: Int
        /// The block's index in the text.
        public var block: Int
        /// `[blockLength]`: position t says whether predicting token t carried the loss. Nothing predicts position 0.
        public var selected: [Bool]

        public init(step: Int, block: Int, selected: [Bool]) {
            (self.step, self.block, self.selected) = (step, block, selected)
        }
    }

    public let blockLength: Int
    /// Content hash of the text that the blocks are of; of several corpora numbered through, their hashes joined by `+`.
    public let text: String
    public let visits: [Visit]

    /// - Throws: `AnalysisError.wrongCount` where a visit is not `blockLength` long.
    public init(blockLength: Int, text: String = "", visits: [Visit]) throws {
        for visit in visits where visit.selected.count != blockLength {
            throw AnalysisError.wrongCount(
                what: "block \(visit.block) of step \(visit.step)", found: visit.selected.count, expected: blockLength)
        }
        (self.blockLength, self.text, self.visits) = (blockLength, text, visits)
    }

    /// From steps as a selection log holds them: `selected` is `[blocks, blockLength]`, row-major.
    public init(
        blockLength: Int, text: String = "", steps: some Sequence<(step: Int, blocks: [Int], selected: [Bool])>
    ) throws {
        var visits: [Visit] = []
        for (step, blocks, selected) in steps {
            guard selected.count == blocks.count * blockLength else {
                throw AnalysisError.wrongCount(
                    what: "step \(step)", found: selected.count, expected: blocks.count * blockLength)
            }
            for (row, block) in blocks.enumerated() {
                let flags = selected[row * blockLength..<(row + 1) * blockLength]
                visits.append(Visit(step: step, block: block, selected: Array(flags)))
            }
        }
        try self.init(blockLength: blockLength, text: text, visits: visits)
    }

    /// Whether a number means the same block in both: one text, or one that the other goes on from.
    func numbersBlocks(as other: SelectionTrace) -> Bool {
        text == other.text || text.hasPrefix(other.text + "+") || other.text.hasPrefix(text + "+")
    }
}
