import Analysis
import Foundation
import PeerProcess
import RunRecords
import Testing

@Suite struct TokenCategoriesTests {
    private struct Oracle: Decodable {
        struct Line: Decodable {
            var x, y: [Double]
            var slope, intercept: Double
        }

        var lines: [Line]
        var rows: Int
        var mask: [Bool]
        var places: [Double]
        var losses: [[Float]]
        var categories: [String?]
    }

    private func oracle() throws -> Oracle {
        try JSONDecoder().decode(Oracle.self, from: Data(PeerProcess.run(PeerProcess.oracle("categories.py")).utf8))
    }

    private func row(_ losses: [Float]) throws -> TokenLosses {
        try TokenLosses(rows: 1, positions: losses.count, losses: losses, mask: losses.indices.map { $0 > 0 })
    }

    @Test func linesEqualScipys() throws {
        let lines = try oracle().lines
        #expect(lines.count == 4)
        for item in lines {
            let line = LeastSquares(x: item.x, y: item.y)
            #expect(abs(line.slope - item.slope) < 1e-12)
            #expect(abs(line.intercept - item.intercept) < 1e-9)
            #expect(line.value(at: 0) == line.intercept)
        }
    }

    /// 640 tokens, five checkpoints at unequal distances: every token's category.
    @Test func categoriesEqualAnIndependentComputation() throws {
        let oracle = try oracle()
        let checkpoints = try oracle.losses.map {
            try TokenLosses(rows: oracle.rows, positions: oracle.mask.count / oracle.rows, losses: $0, mask: oracle.mask)
        }
        let found = try TokenCategories(checkpoints: checkpoints, at: oracle.places)
        #expect(found.categories.map { $0?.rawValue } == oracle.categories)
        for category in TokenCategories.Category.allCases {
            #expect(found.count(category) == oracle.categories.filter { $0 == category.rawValue }.count)
            #expect(found.count(category) > 10, "\(category.rawValue) is hardly tested")
        }
        #expect(abs(TokenCategories.Category.allCases.reduce(0) { $0 + found.share($1) } - 1) < 1e-12)
    }

    /// Last losses 1, 4, 1, 4 have the mean 2.5. A change of exactly the threshold is no change.
    @Test func fourTokensByHand() throws {
        let found = try TokenCategories(
            checkpoints: [row([0, 2, 3, 1, 4.25]), row([0, 1.5, 3.5, 1, 4.125]), row([0, 1, 4, 1, 4])], threshold: 0.25)
        #expect(found.categories == [nil, .highToLow, .lowToHigh, .lowToLow, .highToHigh])
        #expect(found.changes.dropFirst() == [-1, 1, 0, -0.25])
        #expect(found.indicator(.highToLow).losses == [0, 1, 0, 0, 0])
        #expect(try LossSummary(found.indicator(.highToLow)).loss == found.share(.highToLow))
        #expect(found.share(.highToLow) == 0.25)
    }

    @Test func oneCheckpointMakesNoLine() throws {
        #expect(throws: AnalysisError.tooFewCheckpoints(1)) { try TokenCategories(checkpoints: [row([0, 1])]) }
        #expect(throws: AnalysisError.wrongCount(what: "the checkpoints' places", found: 1, expected: 2)) {
            try TokenCategories(checkpoints: [row([0, 1]), row([0, 2])], at: [5])
        }
    }
}
