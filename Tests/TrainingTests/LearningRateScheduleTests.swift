import Foundation
import PeerProcess
import Testing
import Training

@Suite struct LearningRateScheduleTests {
    private struct Case: Decodable {
        var warmup, total: Int
        var finalFraction: Double
        var constant, cosine: [Double]
    }

    /// torch's LinearLR for the warm-up, then ConstantLR or CosineAnnealingLR.
    @Test func agreesWithTorch() throws {
        let output = try PeerProcess.run(PeerProcess.oracle("schedules.py"))
        let cases = try JSONDecoder().decode([Case].self, from: Data(output.utf8))
        #expect(cases.count > 5)
        for expected in cases {
            func factors(_ schedule: LearningRateSchedule) -> [Double] {
                (1...expected.total).map { schedule.factor(step: $0, of: expected.total) }
            }
            let constant = factors(.constant(warmup: expected.warmup))
            let cosine = factors(.cosine(warmup: expected.warmup, finalFraction: expected.finalFraction))
            for (found, wanted) in [(constant, expected.constant), (cosine, expected.cosine)] {
                for (left, right) in zip(found, wanted) {
                    #expect(abs(left - right) < 1e-12, "\(expected.warmup) of \(expected.total): \(found) and \(wanted)")
                }
            }
        }
    }

    @Test(arguments: [1, 2, 7]) func aRunOfAnyLengthHasAFiniteRate(total: Int) {
        for warmup in 0...total + 1 {
            for step in 1...total {
                let factor = LearningRateSchedule.cosine(warmup: warmup, finalFraction: 0.1).factor(step: step, of: total)
                #expect(factor > 0 && factor <= 1)
            }
        }
    }
}
