import Analysis
import Foundation
import RunRecords
import Testing

@Suite struct BucketMovementTests {
    private func run(_ seed: UInt64, _ losses: [Float]) throws -> SeededLosses {
        SeededLosses(
            seed: seed,
            losses: try TokenLosses(rows: losses.count / 2, positions: 2, losses: losses, mask: losses.map { _ in true }))
    }

    /// Two seeds, two blocks of two tokens; the 0.5 quantile of 1, 2, 3, 4 is 2.5.
    @Test func sharesAreTakenAgainstTheSameSeedAndTheNullAgainstTheOthers() throws {
        let baseline = [try run(0, [1, 2, 3, 4]), try run(1, [3, 2, 1, 4])]
        let variant = [try run(1, [1, 2, 1, 4]), try run(0, [1, 2, 1, 1])]
        let found = try BucketMovement(baseline: baseline, variant: variant, quantile: 0.5)
        // Seed 0: tokens 2 and 3 fall. Seed 1: token 0 falls. Nothing rises.
        #expect(found.highToLow.arm.difference == (0.5 + 0.25) / 2)
        #expect(found.lowToHigh.arm.difference == 0)
        #expect((found.lowToHigh.arm.lowerBound, found.lowToHigh.arm.upperBound) == (0, 0))
        #expect(found.net.arm.difference == 0.375)
        // Null, 0 → 1: token 0 rises, token 2 falls; 1 → 0: the other way round.
        let null = try #require(found.highToLow.null)
        #expect((null.mean, null.minimum, null.maximum, null.seeds) == (0.25, 0.25, 0.25, 2))
        #expect(try #require(found.net.null).mean == 0)
        #expect(try #require(found.highToLow.beyondNull).difference == 0.125)
        #expect(try #require(found.lowToHigh.beyondNull).difference == -0.25)
    }

    /// The same numbers as `TokenBuckets`, which torch checks.
    @Test func oneSeedGivesTheSharesOfTokenBuckets() throws {
        var numbers = NormalNumbers(seed: 4)
        let baseline = try run(0, (0..<400).map { _ in Float(numbers.next()) })
        let variant = try run(0, baseline.losses.losses.map { $0 + Float(0.3 * numbers.next()) })
        let buckets = try TokenBuckets(baseline: baseline.losses, variant: variant.losses)
        let found = try BucketMovement(baseline: [baseline], variant: [variant])
        #expect(abs(found.highToLow.arm.difference - buckets.highToLowShare) < 1e-12)
        #expect(abs(found.lowToHigh.arm.difference - buckets.lowToHighShare) < 1e-12)
        #expect(abs(found.net.arm.difference - buckets.netShare) < 1e-12)
        #expect(!found.net.arm.coversTraining)
        #expect(found.net.null == nil && found.net.beyondNull == nil)
    }

    /// A null arm serves where the baseline has one seed.
    @Test func anotherRunOfTheBaselineIsANull() throws {
        let baseline = try run(0, [1, 2, 3, 4])
        let found = try BucketMovement(
            baseline: [baseline], variant: [run(0, [1, 2, 1, 1])], others: [run(7, [1, 2, 1, 4]).losses], quantile: 0.5)
        #expect(try #require(found.highToLow.null).mean == 0.25)
        #expect(try #require(found.highToLow.beyondNull).difference == 0.25)
    }

    @Test func armsWithoutACommonSeedAreAnError() throws {
        #expect(throws: AnalysisError.nothingCounts("two arms without a common seed")) {
            try BucketMovement(baseline: [run(0, [1, 2, 3, 4])], variant: [run(1, [1, 2, 3, 4])])
        }
    }

    /// An arm that differs from the baseline as another seed does moves no more tokens than the null: 200 simulated studies of
    /// three seeds, the standard error of 95 % is 1.5 %.
    @Test func anArmThatIsOnlyAnotherSeedIsWithinTheNull() throws {
        var numbers = NormalNumbers(seed: 12)
        var covered = 0
        let rounds = 200
        for _ in 0..<rounds {
            let tokens = (0..<120).map { _ in numbers.next() }
            func arm() throws -> [SeededLosses] {
                try (0..<3).map { seed in
                    let shift = 0.1 * numbers.next()
                    return try run(UInt64(seed), tokens.map { Float($0 + shift + 0.3 * numbers.next()) })
                }
            }
            let found = try BucketMovement(baseline: arm(), variant: arm())
            let interval = try #require(found.highToLow.beyondNull)
            covered += interval.lowerBound <= 0 && 0 <= interval.upperBound ? 1 : 0
        }
        #expect(Double(covered) / Double(rounds) >= 0.92)
    }
}
