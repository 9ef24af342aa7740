import Analysis
import Foundation
import PeerProcess
import RunRecords
import Testing

@Suite struct PairedDifferenceTests {
    private struct Oracle: Decodable {
        struct Case: Decodable {
            var difference, lower, upper, seedVariance, blockVariance: Double
            var blocks, tokens: Int
        }

        var mask: [Bool]
        var baseline, variant: [[Float]]
        var subset: [Bool]
        var documents: [Int]
        var positions: Int
        var whole, part, byDocument, unpaired: Case

        func runs(_ losses: [[Float]], firstSeed: UInt64 = 0, byDocument: Bool = false) throws -> [SeededLosses] {
            try losses.enumerated().map { index, losses in
                SeededLosses(
                    seed: firstSeed + UInt64(index),
                    losses: try TokenLosses(
                        rows: documents.count, positions: positions, losses: losses, mask: mask,
                        documents: byDocument ? documents.map(Int32.init) : nil))
            }
        }
    }

    private func oracle() throws -> Oracle {
        try JSONDecoder().decode(Oracle.self, from: Data(PeerProcess.run(PeerProcess.oracle("intervals.py")).utf8))
    }

    /// One block a row, one token a block: `values[seed][block]`.
    private func runs(_ values: [[Double]]) throws -> [SeededLosses] {
        try values.enumerated().map { seed, values in
            SeededLosses(
                seed: UInt64(seed),
                losses: try TokenLosses(
                    rows: values.count, positions: 1, losses: values.map(Float.init), mask: values.map { _ in true }))
        }
    }

    /// Four seeds, thirty blocks of unequal length: all tokens, a subset, by document, and as two samples.
    @Test func componentsAndBoundsEqualAnIndependentComputation() throws {
        let oracle = try oracle()
        let (baseline, variant) = (try oracle.runs(oracle.baseline), try oracle.runs(oracle.variant))
        let cases = [
            (oracle.whole, try PairedDifference(baseline: baseline, variant: variant)),
            (oracle.part, try PairedDifference(baseline: baseline, variant: variant, over: oracle.subset)),
            (
                oracle.byDocument,
                try PairedDifference(
                    baseline: oracle.runs(oracle.baseline, byDocument: true),
                    variant: oracle.runs(oracle.variant, byDocument: true))
            ),
            (
                oracle.unpaired,
                try PairedDifference(baseline: baseline, variant: try oracle.runs(oracle.variant, firstSeed: 100))
            ),
        ]
        for (expected, found) in cases {
            #expect(abs(found.difference - expected.difference) < 1e-9)
            #expect(abs(found.lowerBound - expected.lower) < 1e-9)
            #expect(abs(found.upperBound - expected.upper) < 1e-9)
            #expect(abs(try #require(found.components.seedVariance) - expected.seedVariance) < 1e-9)
            #expect(abs(found.components.blockVariance - expected.blockVariance) < 1e-9)
            #expect(abs(try #require(found.seedStandardDeviation) - expected.seedVariance.squareRoot()) < 1e-9)
            #expect((found.blocks, found.tokens, found.seeds) == (expected.blocks, expected.tokens, 4))
            #expect(found.coversTraining)
        }
        // Pairing is worth something on these data, or the test above compares the same thing twice.
        #expect(oracle.unpaired.upper - oracle.unpaired.lower > 1.5 * (oracle.whole.upper - oracle.whole.lower))
    }

    /// Two blocks, two seeds. Differences of the seeds: 1 and 2, so s² = 0.5; of the blocks: 1 and 2; no residual.
    @Test func aSmallCaseByHand() throws {
        let result = try PairedDifference(baseline: runs([[0, 0], [5, 5]]), variant: runs([[0.5, 1.5], [6.5, 7.5]]))
        #expect(result.difference == 1.5)
        #expect(result.components.seedVariance == 0.5)
        #expect(result.components.blockVariance == 0.5)
        // t(1) at 0.975 is tan(0.475π) = 12.7062…; h² = t² · (0.25 + 0.25).
        let half = tan(0.475 * Double.pi) * 0.5.squareRoot()
        #expect(abs(result.upperBound - (1.5 + half)) < 1e-9)
        #expect(abs(result.lowerBound - (1.5 - half)) < 1e-9)
    }

    @Test(arguments: 1...4) func identicalArmsDifferByExactlyZero(seeds: Int) throws {
        var numbers = NormalNumbers(seed: 1)
        let arm = try runs((0..<seeds).map { _ in (0..<20).map { _ in numbers.next() } })
        let result = try PairedDifference(baseline: arm, variant: arm)
        #expect((result.difference, result.lowerBound, result.upperBound) == (0, 0, 0))
        #expect(!result.excludesZero)
    }

    @Test func oneSeedIsABlockBootstrapAndSaysSo() throws {
        var numbers = NormalNumbers(seed: 2)
        let (baseline, variant) = (
            try runs([(0..<20).map { _ in numbers.next() }]), try runs([(0..<20).map { _ in numbers.next() }])
        )
        let result = try PairedDifference(baseline: baseline, variant: variant)
        let bootstrap = try BlockBootstrap(baseline: baseline[0].losses, variant: variant[0].losses)
        #expect((result.lowerBound, result.upperBound) == (bootstrap.lowerBound, bootstrap.upperBound))
        #expect(result.difference == bootstrap.difference)
        #expect(!result.coversTraining)
        #expect(result.seedStandardDeviation == nil)
    }

    /// Runs of a seed that the other arm lacks are left out, and order doesn't matter.
    @Test func runsArePairedBySeed() throws {
        let baseline = try runs([[1, 2, 3], [4, 5, 7], [100, 200, 300]])
        let variant = try runs([[1, 3, 3], [4, 4, 9]])
        let result = try PairedDifference(baseline: baseline, variant: variant.reversed())
        #expect(result.seeds == 2)
        #expect(result.difference == (1.0 / 3 + 1.0 / 3) / 2)
    }

    /// One document can't say how documents differ, so its blocks are drawn.
    @Test func aSingleDocumentIsDrawnByBlocks() throws {
        let plain = try runs([[1, 2, 3], [4, 5, 7]])
        let single = plain.map { run in
            var losses = run.losses
            losses.documents = [7, 7, 7]
            return SeededLosses(seed: run.seed, losses: losses)
        }
        let other = try runs([[2, 2, 4], [4, 6, 9]])
        #expect(
            try PairedDifference(baseline: single, variant: other) == PairedDifference(baseline: plain, variant: other))
    }

    @Test func whatCannotBeComparedIsAnError() throws {
        let two = try runs([[1, 2, 3], [4, 5, 6]])
        #expect(throws: AnalysisError.tooFewBlocks(1)) {
            try PairedDifference(baseline: runs([[1], [2]]), variant: runs([[3], [4]]))
        }
        #expect(throws: AnalysisError.wrongCount(what: "the subset of tokens", found: 2, expected: 3)) {
            try PairedDifference(baseline: two, variant: two, over: [true, true])
        }
        #expect(throws: AnalysisError.nothingCounts("the subset of tokens")) {
            try PairedDifference(baseline: two, variant: two, over: [false, false, false])
        }
        #expect(throws: AnalysisError.nothingCounts("an arm without runs")) {
            try PairedDifference(baseline: two, variant: [])
        }
        var endless = two
        endless[1].losses.losses[2] = .infinity
        #expect(throws: AnalysisError.notANumber(what: "difference", row: 2, position: 0)) {
            try PairedDifference(baseline: two, variant: endless)
        }
        #expect(throws: AnalysisError.differentShapes(first: [3, 1], second: [2, 1])) {
            try PairedDifference(baseline: two, variant: runs([[1, 2]]))
        }
    }
}

@Suite struct CoverageTests {
    /// Standard deviations of what a seed, a block, and the two together add.
    struct Scatter: Sendable, CustomTestStringConvertible {
        var seed, block, residual: Double
        var testDescription: String { "seed \(seed), block \(block), residual \(residual)" }

        /// How many of `rounds` intervals hold the true difference, 0.
        func coverage(seeds: Int, rounds: Int = 1000, blocks: Int = 40) throws -> Double {
            var numbers = NormalNumbers(seed: UInt64(seeds))
            var covered = 0
            for _ in 0..<rounds {
                let shared = (0..<blocks).map { _ in block * numbers.next() }
                let differences = try (0..<seeds).map { _ in
                    let own = seed * numbers.next()
                    return try TokenLosses(
                        rows: blocks, positions: 1, losses: shared.map { Float(own + $0 + residual * numbers.next()) },
                        mask: shared.map { _ in true })
                }
                let result = try PairedDifference(differences: differences, resamples: 400)
                covered += result.lowerBound <= 0 && 0 <= result.upperBound ? 1 : 0
            }
            return Double(covered) / Double(rounds)
        }
    }

    /// 1000 simulated studies: the standard error of a coverage of 95 % is 0.7 %.
    @Test(arguments: 2...5) func whereSeedsDecideCoverageIsWhatItSays(seeds: Int) throws {
        let coverage = try Scatter(seed: 1, block: 0.5, residual: 0.5).coverage(seeds: seeds)
        #expect((0.93...0.975).contains(coverage))
    }

    /// Where both sources matter, or the text alone, the interval errs to the wide side and never to the other.
    @Test(
        arguments: 2...5,
        [
            Scatter(seed: 0.1, block: 0.7, residual: 0.7), Scatter(seed: 0, block: 1, residual: 0.3),
            Scatter(seed: 0, block: 0.1, residual: 1),
        ])
    func coverageNeverFallsShort(seeds: Int, scatter: Scatter) throws {
        let coverage = try scatter.coverage(seeds: seeds, rounds: 500)
        #expect(coverage >= 0.93)
    }

    /// With one seed the interval is right about the text and blind to training, which is why it says that it doesn't cover it.
    @Test func oneSeedCoversTheTextAlone() throws {
        let text = try Scatter(seed: 0, block: 1, residual: 0.5).coverage(seeds: 1)
        #expect((0.91...0.97).contains(text))
        let training = try Scatter(seed: 0.5, block: 1, residual: 0.5).coverage(seeds: 1)
        #expect(training < 0.75)
    }

    /// Two sets of three seeds of one and the same arm: 500 studies. Both sets get the t of two degrees of freedom: on the wide side.
    @Test func twoSetsOfSeedsOfOneArmDifferByNothing() throws {
        var numbers = NormalNumbers(seed: 3)
        var covered = 0
        let rounds = 500
        for _ in 0..<rounds {
            let shared = (0..<40).map { _ in numbers.next() }
            let runs = try (0..<6).map { seed in
                let own = 0.3 * numbers.next()
                return SeededLosses(
                    seed: UInt64(seed),
                    losses: try TokenLosses(
                        rows: 40, positions: 1, losses: shared.map { Float(own + $0 + 0.5 * numbers.next()) },
                        mask: shared.map { _ in true }))
            }
            let result = try PairedDifference(baseline: Array(runs[..<3]), variant: Array(runs[3...]))
            covered += result.lowerBound <= 0 && 0 <= result.upperBound ? 1 : 0
        }
        #expect(Double(covered) / Double(rounds) >= 0.93)
    }
}
