import Analysis
import Foundation
import PeerProcess
import Testing

@Suite struct QuantileTests {
    @Test func betweenTwoValuesItInterpolates() throws {
        #expect(try quantile([4, 1, 3, 2], 0.5) == 2.5)
        #expect(try quantile([1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11], 0.7) == 8)
        #expect(try quantile([5], 0.3) == 5)
        #expect(try quantile([1, 2], 0) == 1)
        #expect(try quantile([1, 2], 1) == 2)
    }

    @Test func infiniteLossesDontBecomeNaN() throws {
        #expect(try quantile([1, .infinity, .infinity, .infinity], 0.7) == .infinity)
    }

    @Test func badInputThrows() {
        #expect(throws: AnalysisError.badQuantile(1.5)) { try quantile([1], 1.5) }
        #expect(throws: AnalysisError.self) { try quantile([], 0.5) }
    }

    /// Every size from 1 to 400 and one of a hundred thousand, at six quantiles: equal bit by bit.
    @Test func itEqualsTorchToTheLastBit() throws {
        let quantiles = [0.7, 0.5, 0.1, 0.999, 1.0 / 3, 0.0]
        let output = try PeerProcess.run(PeerProcess.oracle("quantile.py"), quantiles.map { "\($0)" })
        var cases = 0
        for line in output.split(separator: "\n") {
            let fields = line.split(separator: ";").map {
                $0.split(separator: " ").map { Float(bitPattern: UInt32($0, radix: 16)!) }
            }
            for (q, expected) in zip(quantiles, fields[1]) {
                #expect(try quantile(fields[0], q) == expected, "\(fields[0].count) values, q = \(q)")
                cases += 1
            }
        }
        #expect(cases == 401 * quantiles.count)
    }
}
