import Analysis
import Foundation
import PeerProcess
import Testing

@Suite struct AUROCTests {
    private struct Case: Decodable {
        struct Precision: Decodable {
            var ratio, precision: Double
            var selected: Int
        }

        var scores, other: [Float]
        var marked: [Bool]
        var blocks: [Int]
        var area, difference, baseRate: Double
        var interval, differenceInterval: [Double]
        var precision: [Precision]
    }

    private func cases() throws -> [Case] {
        let cases = try JSONDecoder().decode([Case].self, from: Data(PeerProcess.run(PeerProcess.oracle("scores.py")).utf8))
        #expect(cases.count == 4)
        return cases
    }

    /// With and without ties, better, blind and worse. numpy draws its own resamples, so bounds agree to the bootstraps'
    /// noise, some 3 % of the width at 1500 draws each.
    @Test func areasAndIntervalsEqualScipysAndNumpys() throws {
        for item in try cases() {
            let found = try AUROC(scores: item.scores, marked: item.marked, blocks: item.blocks, resamples: 1500)
            #expect(abs(found.value - item.area) < 1e-12)
            #expect(try AUROC.value(scores: item.scores, marked: item.marked) == found.value)
            let width = item.interval[1] - item.interval[0]
            #expect(abs(found.lowerBound - item.interval[0]) < 0.08 * width)
            #expect(abs(found.upperBound - item.interval[1]) < 0.08 * width)
        }
    }

    @Test func theDifferenceIsJudgedOnTheSameDraws() throws {
        for item in try cases() {
            let found = try AUROC.difference(
                item.scores, minus: item.other, marked: item.marked, blocks: item.blocks, resamples: 1500)
            #expect(abs(found.value - item.difference) < 1e-12)
            let width = item.differenceInterval[1] - item.differenceInterval[0]
            #expect(abs(found.lowerBound - item.differenceInterval[0]) < 0.08 * width)
            #expect(abs(found.upperBound - item.differenceInterval[1]) < 0.08 * width)
            let same = try AUROC.difference(
                item.scores, minus: item.scores, marked: item.marked, blocks: item.blocks, resamples: 20)
            #expect((same.value, same.lowerBound, same.upperBound) == (0, 0, 0))
        }
    }

    @Test func precisionEqualsNumpys() throws {
        for item in try cases() {
            for expected in item.precision {
                let found = try PrecisionAtRatio(scores: item.scores, marked: item.marked, ratio: expected.ratio)
                #expect(found.selected == expected.selected)
                #expect(abs(found.precision - expected.precision) < 1e-12)
                #expect(abs(found.lift - expected.precision / item.baseRate) < 1e-12)
            }
        }
    }

    @Test func sixTokensByHand() throws {
        // Marked 3, 2, 2 against 2, 1, 0: wins 3 + 2.5 + 2.5 of 9.
        let (scores, marked): ([Float], [Bool]) = ([3, 2, 2, 2, 1, 0], [true, true, false, true, false, false])
        #expect(try AUROC.value(scores: scores, marked: marked) == 8.0 / 9)
        let precision = try PrecisionAtRatio(scores: scores, marked: marked, ratio: 0.5)
        // 3, then the earlier two of the 2s.
        #expect((precision.selected, precision.precision, precision.lift) == (3, 2.0 / 3, 4.0 / 3))
    }

    @Test func whatCannotBeRankedIsAnError() throws {
        #expect(throws: AnalysisError.oneClass(positives: 2, of: 2)) {
            try AUROC.value(scores: [1, 2], marked: [true, true])
        }
        #expect(throws: AnalysisError.notANumber(what: "score", row: 7, position: 1)) {
            try AUROC(scores: [1, .nan], marked: [true, false], blocks: [3, 7])
        }
        #expect(throws: AnalysisError.tooFewBlocks(1)) {
            try AUROC(scores: [1, 2], marked: [true, false], blocks: [3, 3])
        }
        #expect(throws: AnalysisError.wrongCount(what: "the marks", found: 1, expected: 2)) {
            try AUROC(scores: [1, 2], marked: [true], blocks: [3, 3])
        }
        #expect(throws: AnalysisError.oneClass(positives: 0, of: 1)) {
            try PrecisionAtRatio(scores: [1], marked: [false], ratio: 0.5)
        }
        #expect(throws: AnalysisError.badRatio(1.5)) { try PrecisionAtRatio(scores: [1], marked: [true], ratio: 1.5) }
    }
}
