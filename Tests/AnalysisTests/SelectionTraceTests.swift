import Analysis
import Testing

@Suite struct SelectionTraceTests {
    /// Blocks of five tokens, four of them targets, written as the selected positions.
    private func trace(_ visits: [(step: Int, block: Int, positions: Set<Int>)]) throws -> SelectionTrace {
        try SelectionTrace(
            blockLength: 5,
            visits: visits.map { visit in
                SelectionTrace.Visit(step: visit.step, block: visit.block, selected: (0..<5).map(visit.positions.contains))
            })
    }

    private func counts(_ shares: [SelectionShare]) -> [[Int]] { shares.map { [$0.selected, $0.tokens] } }

    @Test func stepsOfALogAreCutIntoVisits() throws {
        let found = try SelectionTrace(
            blockLength: 3,
            steps: [
                (step: 1, blocks: [4, 2], selected: [false, true, false, false, false, true]),
                (step: 2, blocks: [4], selected: [false, true, true]),
            ])
        #expect(found.visits.map(\.step) == [1, 1, 2])
        #expect(found.visits.map(\.block) == [4, 2, 4])
        #expect(found.visits.map(\.selected) == [[false, true, false], [false, false, true], [false, true, true]])
        #expect(throws: AnalysisError.wrongCount(what: "step 7", found: 2, expected: 3)) {
            try SelectionTrace(blockLength: 3, steps: [(step: 7, blocks: [0], selected: [true, true])])
        }
        #expect(throws: AnalysisError.wrongCount(what: "block 3 of step 9", found: 1, expected: 5)) {
            try SelectionTrace(blockLength: 5, visits: [SelectionTrace.Visit(step: 9, block: 3, selected: [true])])
        }
    }

    @Test func sharesByPositionLeaveTheFirstOut() throws {
        let shares = try trace([(1, 0, [1, 2]), (1, 1, [2, 4]), (2, 0, [2])]).shareByPosition()
        #expect(counts(shares) == [[0, 0], [1, 3], [3, 3], [0, 3], [1, 3]])
        #expect(shares[0].share == nil && shares[2].share == 1)
    }

    /// Token n occurs n times: 1; 2 and 3; 4 to 7; 8 and on.
    @Test func sharesByFrequencyAreBinnedByPowersOfTwo() throws {
        let blocks: [[Int32]] = [[9, 1, 2, 3, 4], [9, 7, 8, 8, 1]]
        let shares = try trace([(1, 0, [1, 3]), (2, 1, [1, 2, 4])]).shareByFrequency(tokens: { blocks[$0] }, count: { Int($0) })
        #expect(counts(shares) == [[2, 2], [1, 2], [1, 2], [1, 2]])
        #expect(throws: AnalysisError.wrongCount(what: "block 0", found: 2, expected: 5)) {
            try trace([(1, 0, [])]).shareByFrequency(tokens: { _ in [1, 2] }, count: { _ in 1 })
        }
    }

    @Test func decilesAddUpOverSteps() throws {
        let top = [0, 0, 0, 0, 0, 10, 10, 10, 10, 10]
        let even = [Int](repeating: 5, count: 10)
        let shares = try SelectionTrace.shareByScoreDecile([(selected: top, valid: 100), (selected: even, valid: 100)])
        #expect(shares == [0.25, 0.25, 0.25, 0.25, 0.25, 0.75, 0.75, 0.75, 0.75, 0.75])
        #expect(throws: AnalysisError.nothingCounts("score deciles")) { try SelectionTrace.shareByScoreDecile([]) }
        #expect(throws: AnalysisError.wrongCount(what: "a step's deciles", found: 1, expected: 10)) {
            try SelectionTrace.shareByScoreDecile([(selected: [1], valid: 10)])
        }
    }

    /// Block 0 of step 1 and block 1 of step 2 are common: 1 + 2 tokens in both, 3 + 3 in either; by chance 2·2/4 + 3·2/4 = 2.5 of
    /// 9 − 2.5.
    @Test func overlapIsOfTheSameBlockInTheSameStep() throws {
        let first = try trace([(1, 0, [1, 2]), (2, 1, [1, 2, 3]), (2, 5, [1])])
        let second = try trace([(1, 0, [2, 3]), (2, 1, [1, 2]), (3, 5, [1])])
        let overlap = try SelectionOverlap(first, second)
        #expect((overlap.visits, overlap.jaccard, overlap.expected) == (2, 3.0 / 6, 2.5 / 6.5))
        #expect(try SelectionOverlap(first, first).jaccard == 1)
        #expect(throws: AnalysisError.nothingCounts("two selections without a common block")) {
            try SelectionOverlap(first, trace([(9, 0, [1])]))
        }
    }

    /// Numbers are the same blocks where one text goes on from the other, as a mixture from its first corpus.
    @Test func overlapIsOfOneText() throws {
        func trace(_ text: String) throws -> SelectionTrace {
            try SelectionTrace(
                blockLength: 3, text: text, visits: [SelectionTrace.Visit(step: 1, block: 4, selected: [false, true, false])])
        }
        for (first, second) in [("a", "a"), ("a", "a+b"), ("a+b", "a"), ("a+b", "a+b+c")] {
            #expect(try SelectionOverlap(trace(first), trace(second)).visits == 1)
        }
        for (first, second) in [("a", "b"), ("a", "b+a"), ("a", "aa"), ("a+b", "a+c")] {
            #expect(throws: AnalysisError.nothingCounts("two selections of different texts")) {
                try SelectionOverlap(trace(first), trace(second))
            }
        }
    }

    @Test func stabilityComparesABlockWithTheTimeBefore() throws {
        let run = try trace([(1, 0, [1, 2]), (1, 1, [4]), (2, 0, [1, 3]), (3, 0, [1, 3])])
        let stability = try SelectionOverlap(repeatsIn: run)
        #expect((stability.visits, stability.jaccard) == (2, 3.0 / 5))
        #expect(throws: AnalysisError.self) { try SelectionOverlap(repeatsIn: trace([(1, 0, [1]), (1, 1, [1])])) }
    }

    /// Random halves of 500 blocks: the overlap is what is expected of chance.
    @Test func randomSelectionsOverlapAsExpected() throws {
        func random(_ seed: UInt64) throws -> SelectionTrace {
            var numbers = NormalNumbers(seed: seed)
            return try SelectionTrace(
                blockLength: 33,
                visits: (0..<500).map { block in
                    let keys = (0..<32).map { _ in numbers.next() }
                    let chosen = Set(keys.indices.sorted { keys[$0] > keys[$1] }.prefix(8 + block % 16))
                    return SelectionTrace.Visit(step: 0, block: block, selected: [false] + keys.indices.map(chosen.contains))
                })
        }
        let overlap = try SelectionOverlap(random(1), random(2))
        #expect(abs(overlap.jaccard - overlap.expected) < 0.02)
        #expect((0.25...0.40).contains(overlap.expected))
    }
}
