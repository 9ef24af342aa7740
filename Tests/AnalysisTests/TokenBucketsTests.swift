import Analysis
import Foundation
import PeerProcess
import RunRecords
import Testing

@Suite struct TokenBucketsTests {
    /// Two blocks of four; the counted losses of the baseline are 1…6, whose 0.7 quantile is 4.5.
    private func baseline() throws -> TokenLosses {
        try TokenLosses(
            rows: 2, positions: 4, losses: [99, 1, 2, 3, .nan, 4, 5, 6],
            mask: [false, true, true, true, false, true, true, true])
    }

    private func variant(_ losses: [Float]) throws -> TokenLosses {
        let baseline = try baseline()
        return try TokenLosses(rows: 2, positions: 4, losses: losses, mask: baseline.mask)
    }

    /// H→H, H→L, L→H, L→L.
    private func counts(_ buckets: TokenBuckets) -> [Int] {
        [buckets.highToHigh, buckets.highToLow, buckets.lowToHigh, buckets.lowToLow]
    }

    @Test func theBaselinesThresholdServesBothSides() throws {
        let buckets = try TokenBuckets(baseline: baseline(), variant: variant([0, 1, 2, 5, 0, 4.5, 4, 7]))
        #expect(buckets.threshold == 4.5)
        // 1 and 2 stay low; 3 → 5 and 4 → 4.5 (at the threshold) rise; 5 → 4 falls; 6 → 7 stays high.
        #expect(counts(buckets) == [1, 1, 2, 2])
        #expect(buckets.total == 6)
        #expect(abs(buckets.meanChange - 2.5 / 6) < 1e-12)
        #expect(abs(buckets.netShare + 1.0 / 6) < 1e-12)
    }

    @Test func theFirstDifferenceIsNamed() throws {
        let baseline = try baseline()
        let shape = try TokenLosses(rows: 1, positions: 4, losses: [0, 1, 2, 3], mask: [false, true, true, true])
        #expect(throws: AnalysisError.differentShapes(first: [2, 4], second: [1, 4])) {
            try TokenBuckets(baseline: baseline, variant: shape)
        }
        var mask = baseline
        mask.mask[6] = false
        #expect(throws: AnalysisError.differentMasks(row: 1, position: 2)) {
            try TokenBuckets(baseline: baseline, variant: mask)
        }
        var (first, second) = (baseline, baseline)
        first.inputIDs = [0, 1, 2, 3, 4, 5, 6, 7]
        second.inputIDs = [0, 1, 2, 9, 4, 5, 6, 7]
        #expect(throws: AnalysisError.differentTokens(row: 0, position: 3, first: 3, second: 9)) {
            try TokenBuckets(baseline: first, variant: second)
        }
        // Ids on one side only are not a difference.
        #expect(try TokenBuckets(baseline: first, variant: baseline).total == 6)
    }

    @Test func aNaNThatCountsIsNamed() throws {
        #expect(throws: AnalysisError.notANumber(what: "variant", row: 1, position: 1)) {
            try TokenBuckets(baseline: baseline(), variant: variant([0, 1, 2, 5, 0, .nan, 4, 7]))
        }
    }

    @Test func anEmptyMaskIsAnError() throws {
        let empty = try TokenLosses(rows: 1, positions: 2, losses: [1, 2], mask: [false, false])
        #expect(throws: AnalysisError.nothingCounts("token losses")) { try TokenBuckets(baseline: empty, variant: empty) }
    }

    /// On 64 × 128 random losses with a ragged mask and many ties at the threshold: every count equal.
    @Test func itEqualsAnIndependentComputation() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("buckets-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        let output = try PeerProcess.run(PeerProcess.oracle("buckets.py"), [folder.path])
        struct Expected: Decodable {
            var threshold: Double
            var HH, HL, LH, LL: Int
            var meanChange: Double
        }
        let expected = try JSONDecoder().decode([String: Expected].self, from: Data(output.utf8))
        #expect(expected.count == 3)
        let baseline = try TokenLossFile.read(folder.appendingPathComponent("baseline.safetensors"))
        for (name, expected) in expected {
            let variant = try TokenLossFile.read(folder.appendingPathComponent(name))
            let buckets = try TokenBuckets(baseline: baseline, variant: variant)
            #expect(Double(buckets.threshold) == expected.threshold, "\(name)")
            #expect(
                counts(buckets) == [expected.HH, expected.HL, expected.LH, expected.LL], "\(name)")
            #expect(abs(buckets.meanChange - expected.meanChange) < 1e-9, "\(name)")
        }
    }
}
