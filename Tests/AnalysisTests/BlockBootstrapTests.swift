import Analysis
import Foundation
import PeerProcess
import RunRecords
import Testing

@Suite struct BlockBootstrapTests {
    private struct Case: Decodable {
        var losses: [[Float]]
        var changed: [[Float]]
        var counts: [Int]
        var difference, lower, upper: Double
    }

    private func tokenLosses(_ losses: [[Float]], counts: [Int]) throws -> TokenLosses {
        let positions = losses[0].count
        let mask = counts.flatMap { count in (0..<positions).map { $0 > 0 && $0 <= count } }
        return try TokenLosses(rows: losses.count, positions: positions, losses: losses.flatMap { $0 }, mask: mask)
    }

    /// 300 blocks of unequal length, some empty. numpy draws its own resamples, so the bounds agree to the bootstrap's own noise:
    /// at 20,000 resamples a bound moves by about 2 % of the interval's width.
    @Test func theIntervalAgreesWithAnIndependentBootstrap() throws {
        let output = try PeerProcess.run(PeerProcess.oracle("bootstrap.py"))
        let expected = try JSONDecoder().decode(Case.self, from: Data(output.utf8))
        let result = try BlockBootstrap(
            baseline: tokenLosses(expected.losses, counts: expected.counts),
            variant: tokenLosses(expected.changed, counts: expected.counts), resamples: 20_000)
        #expect(abs(result.difference - expected.difference) < 1e-9)
        let width = expected.upper - expected.lower
        #expect(abs(result.lowerBound - expected.lower) < 0.04 * width)
        #expect(abs(result.upperBound - expected.upper) < 0.04 * width)
        #expect(result.blocks == expected.counts.filter { $0 > 0 }.count)
        #expect(result.tokens == expected.counts.reduce(0, +))
    }

    /// Random losses, the same shift in every block: no choice of blocks changes the difference.
    @Test func aConstantDifferenceHasNoWidth() throws {
        let losses: [[Float]] = (0..<10).map { row in [0, Float(row), Float(row) * 2, 1] }
        let shifted = losses.map { $0.map { $0 + 0.25 } }
        let counts = [3, 2, 3, 1, 3, 3, 2, 3, 3, 1]
        let result = try BlockBootstrap(
            baseline: tokenLosses(losses, counts: counts), variant: tokenLosses(shifted, counts: counts))
        for value in [result.difference, result.lowerBound, result.upperBound] { #expect(abs(value - 0.25) < 1e-12) }
        #expect(result.excludesZero)
    }

    @Test func theSameSeedGivesTheSameInterval() throws {
        let losses: [[Float]] = (0..<23).map { row in [0, Float(row % 7), Float(row % 5)] }
        let changed: [[Float]] = (0..<23).map { row in [0, Float(row % 6), Float(row % 4)] }
        let counts = [Int](repeating: 2, count: 23)
        func interval(_ seed: UInt64) throws -> BlockBootstrap {
            try BlockBootstrap(
                baseline: tokenLosses(losses, counts: counts), variant: tokenLosses(changed, counts: counts), seed: seed)
        }
        #expect(try interval(3) == interval(3))
        #expect(try interval(3) != interval(4))
    }

    @Test func oneBlockIsTooFew() throws {
        let one = try tokenLosses([[0, 1, 2]], counts: [2])
        #expect(throws: AnalysisError.tooFewBlocks(1)) { try BlockBootstrap(baseline: one, variant: one) }
    }
}

@Suite struct CounterGeneratorTests {
    /// numpy.random.Philox is the same generator; it adds 1 to the counter before its first block.
    @Test func itIsNumpysPhilox() throws {
        let script = FileManager.default.temporaryDirectory.appendingPathComponent("philox-\(UUID().uuidString).py")
        defer { try? FileManager.default.removeItem(at: script) }
        try """
        import numpy as np
        key = (11 << 64) | 0xFEDCBA9876543210
        for counter in (1, 2, 1000):
            print(*np.random.Philox(key=key, counter=counter - 1).random_raw(4))
        """.write(to: script, atomically: true, encoding: .utf8)
        let expected = try PeerProcess.run(script.path).split(whereSeparator: \.isWhitespace).map { UInt64($0)! }
        let generator = CounterGenerator(seed: 0xFEDC_BA98_7654_3210, stream: 11)
        let words = [1, 2, 1000].map { generator.block($0) }.flatMap { [$0.0, $0.1, $0.2, $0.3] }
        #expect(words == expected)
        #expect(words.count == 12)
    }
}
