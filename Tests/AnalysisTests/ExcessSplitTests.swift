import Analysis
import RunRecords
import Testing

@Suite struct ExcessSplitTests {
    private func losses(_ values: [Float], mask: [Bool]? = nil) throws -> TokenLosses {
        try TokenLosses(rows: 2, positions: 4, losses: values, mask: mask ?? [false, true, true, true, false, true, true, true])
    }

    /// Excesses 2, −1, 1 and 1, 1, 0: of six tokens the 0.5 highest are 2 and the two earlier ones of 1.
    @Test func theHighestExcessIsSelectedAndTiesGoToTheEarlier() throws {
        let (start, reference) = (try losses([9, 3, 1, 2, 9, 2, 2, 3]), try losses([0, 1, 2, 1, 0, 1, 1, 3]))
        let split = try ExcessSplit(start: start, reference: reference, ratio: 0.5)
        #expect(split.selected == [false, true, false, true, false, true, false, false])
        #expect(split.unselected == [false, false, true, false, false, false, true, true])
        #expect(try LossSummary(start, over: split.selected).loss == 7.0 / 3)
        #expect(try LossSummary(start, over: split.unselected).loss == 2)
        // ⌊0.6 · 6⌋ = 3, ⌊0.1 · 6⌋ = 0 makes 1.
        #expect(try ExcessSplit(start: start, reference: reference, ratio: 0.6).selected == split.selected)
        #expect(
            try ExcessSplit(start: start, reference: reference, ratio: 0.1).selected.firstIndex(of: true) == 1)
        let all = try ExcessSplit(start: start, reference: reference, ratio: 1)
        #expect(all.selected == start.mask && !all.unselected.contains(true))
    }

    /// The trap of a fresh adapter with its own base as the reference.
    @Test func aReferenceThatIsTheStartSelectsNothing() throws {
        let start = try losses([9, 3, 1, 2, 9, 2, 2, 3])
        #expect(throws: AnalysisError.nothingToRank) { try ExcessSplit(start: start, reference: start, ratio: 0.5) }
        #expect(throws: AnalysisError.badRatio(0)) { try ExcessSplit(start: start, reference: start, ratio: 0) }
    }

    /// A difference over the parts is the difference over the whole, weighted by their tokens.
    @Test func thePartsAddUpToTheWhole() throws {
        let (start, reference) = (try losses([9, 3, 1, 2, 9, 2, 2, 3]), try losses([0, 1, 2, 1, 0, 1, 1, 3]))
        let arm = try losses([0, 2.5, 1, 2, 0, 3, 2, 2])
        let split = try ExcessSplit(start: start, reference: reference, ratio: 0.67)
        func difference(_ subset: [Bool]?) throws -> PairedDifference {
            try PairedDifference(
                baseline: [SeededLosses(seed: 0, losses: start)], variant: [SeededLosses(seed: 0, losses: arm)], over: subset)
        }
        let (selected, rest, whole) = (try difference(split.selected), try difference(split.unselected), try difference(nil))
        #expect((selected.tokens, rest.tokens, whole.tokens) == (4, 2, 6))
        #expect(abs((4 * selected.difference + 2 * rest.difference) / 6 - whole.difference) < 1e-12)
    }
}
