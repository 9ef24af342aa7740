import Analysis
import Foundation
import PeerProcess
import Testing

@Suite struct SeedSummaryTests {
    private struct Oracle: Decodable {
        struct Quantile: Decodable {
            var probability, t: Double
            var degreesOfFreedom: Int
        }
        struct Summary: Decodable {
            var values: [Double]
            var mean, standardDeviation, lower, upper: Double
        }

        var quantiles: [Quantile]
        var summaries: [Summary]
    }

    private func oracle() throws -> Oracle {
        try JSONDecoder().decode(Oracle.self, from: Data(PeerProcess.run(PeerProcess.oracle("intervals.py")).utf8))
    }

    /// A run that diverged is summed up like any other.
    @Test(arguments: [Double.nan, .infinity]) func aLossThatIsNoNumberHasNoInterval(loss: Double) throws {
        let summary = try SeedSummary([2.5, loss, 2.6])
        #expect(summary.interval == nil && !summary.mean.isFinite && summary.seeds == 3)
    }

    /// Ninety quantiles of 1 to 10,000 degrees of freedom, both tails.
    @Test func studentsQuantilesEqualScipys() throws {
        let quantiles = try oracle().quantiles
        #expect(quantiles.count == 90)
        for item in quantiles {
            let found = StudentT.quantile(item.probability, degreesOfFreedom: item.degreesOfFreedom)
            #expect(abs(found - item.t) <= 1e-9 * max(1, abs(item.t)), "p \(item.probability), n \(item.degreesOfFreedom)")
        }
    }

    @Test func theIntervalEqualsScipys() throws {
        for item in try oracle().summaries {
            let found = try SeedSummary(item.values)
            #expect(abs(found.mean - item.mean) < 1e-12)
            #expect(abs(try #require(found.standardDeviation) - item.standardDeviation) < 1e-12)
            let interval = try #require(found.interval)
            #expect(abs(interval.lowerBound - item.lower) < 1e-9)
            #expect(abs(interval.upperBound - item.upper) < 1e-9)
            #expect((found.minimum, found.maximum) == (item.values.min()!, item.values.max()!))
        }
    }

    @Test func oneSeedHasNoInterval() throws {
        let one = try SeedSummary([0.25])
        #expect((one.mean, one.minimum, one.maximum) == (0.25, 0.25, 0.25))
        #expect(one.interval == nil && one.standardDeviation == nil)
        #expect(throws: AnalysisError.nothingCounts("a mean over seeds")) { try SeedSummary([]) }
    }
}
