import Analysis
import Checkpoints
import Foundation
import Testing

@Suite struct CosineNullsTests {
    /// A run whose ΔW is the vector (cos angle, sin angle).
    private func run(_ arm: String, _ seed: UInt64, start: String = "0", degrees: Double) throws -> CosineNulls.Run {
        let angle = degrees * Double.pi / 180
        let update = LowRankUpdate(
            name: arm, scale: 1,
            modules: ["q": LowRankPair(a: [1], b: [Float(cos(angle)), Float(sin(angle))], rank: 1)])
        return CosineNulls.Run(arm: arm, seed: seed, start: start, direction: try UpdateDirection(update))
    }

    private func cosine(_ degrees: Double) -> Double { cos(degrees * Double.pi / 180) }

    private func nulls() throws -> CosineNulls {
        try CosineNulls(
            runs: [
                run("clm", 0, degrees: 0), run("clm", 1, degrees: 10), run("clm", 2, degrees: 30),
                run("clm-init", 0, start: "1", degrees: 90),
                run("topk", 2, degrees: 70), run("topk", 0, degrees: 20),
                run("random", 0, degrees: 5), run("random", 2, degrees: 30), run("random", 9, degrees: 0),
            ], baseline: "clm", nulls: ["clm-init"])
    }

    @Test func theNullsAreAnotherOrderAndAnotherStart() throws {
        let nulls = try nulls()
        let order = try #require(nulls.otherOrder.effective)
        #expect(order.seeds == 3)
        #expect(abs(order.mean - (cosine(10) + cosine(30) + cosine(20)) / 3) < 1e-6)
        #expect(abs(order.minimum - cosine(30)) < 1e-6 && abs(order.maximum - cosine(10)) < 1e-6)
        let start = try #require(nulls.otherStart.effective)
        #expect(start.seeds == 3)
        #expect(abs(start.maximum - cosine(60)) < 1e-6 && abs(start.minimum) < 1e-6)
        #expect(nulls.otherOrder.adapter != nil)
    }

    @Test func eachArmIsComparedWithTheBaselineOfItsSeed() throws {
        let nulls = try nulls()
        #expect(nulls.arms.map(\.arm) == ["clm-init", "topk", "random"])
        let topk = nulls.arms[1]
        #expect(topk.pairs.map(\.seed) == [0, 2])
        #expect(abs(try #require(topk.pairs[0].cosines.effective) - cosine(20)) < 1e-6)
        #expect(abs(try #require(topk.pairs[1].cosines.effective) - cosine(40)) < 1e-6)
        #expect(abs(try #require(topk.summary.effective).mean - (cosine(20) + cosine(40)) / 2) < 1e-6)
        // Seed 9 has no baseline.
        #expect(nulls.arms[2].pairs.map(\.seed) == [0, 2])
    }

    @Test func armsAreSubtractedSeedBySeed() throws {
        let nulls = try nulls()
        let difference = try #require(try nulls.effectiveDifference("topk", minus: "random"))
        #expect(difference.seeds == 2)
        #expect(abs(difference.maximum - (cosine(20) - cosine(5))) < 1e-6)
        #expect(abs(difference.minimum - (cosine(40) - 1)) < 1e-6)
        #expect(try nulls.effectiveDifference("topk", minus: "missing") == nil)
    }

    @Test func oneBaselineHasNoNull() throws {
        let nulls = try CosineNulls(runs: [run("clm", 0, degrees: 0), run("topk", 0, degrees: 1)], baseline: "clm")
        #expect(nulls.otherOrder.effective == nil && nulls.otherStart.effective == nil)
        #expect(try #require(nulls.arms[0].summary.effective).interval == nil)
    }
}
