/// Which tokens a run selected, block by block, in the order in which it saw them.
public struct SelectionTrace: Sendable, Equatable {
    /// One block in one step.
    public struct Visit: Sendable, Equatable {
        public var step: Int
        /// The block's index in the training corpus.
        public var block: Int
        /// `[blockLength]`: position t says whether predicting token t carried the loss. Nothing predicts position 0.
        public var selected: [Bool]

        public init(step: Int, block: Int, selected: [Bool]) {
            (self.step, self.block, self.selected) = (step, block, selected)
        }
    }

    public let blockLength: Int
    public let visits: [Visit]

    /// - Throws: `AnalysisError.wrongCount` where a visit is not `blockLength` long.
    public init(blockLength: Int, visits: [Visit]) throws {
        for visit in visits where visit.selected.count != blockLength {
            throw AnalysisError.wrongCount(
                what: "block \(visit.block) of step \(visit.step)", found: visit.selected.count, expected: blockLength)
        }
        (self.blockLength, self.visits) = (blockLength, visits)
    }

    /// From steps as a selection log holds them: `selected` is `[blocks, blockLength]`, row-major.
    public init(blockLength: Int, steps: some Sequence<(step: Int, blocks: [Int], selected: [Bool])>) throws {
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
        try self.init(blockLength: blockLength, visits: visits)
    }
}
