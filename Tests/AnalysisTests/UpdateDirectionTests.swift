import Analysis
import Checkpoints
import Foundation
import PeerProcess
import Testing

@Suite struct UpdateDirectionTests {
    private struct Module: Decodable {
        var a: [Float]
        var b: [Float]
        var rank: Int
    }

    private struct Adapter: Decodable {
        var scale: Double
        var modules: [String: Module]
    }

    private struct Case: Decodable {
        var name: String
        var first: Adapter
        var second: Adapter
        var firstStart: Adapter?
        var secondStart: Adapter?
        var adapter: Double?
        var effective: Double
    }

    private func update(_ name: String, _ adapter: Adapter) -> LowRankUpdate {
        LowRankUpdate(
            name: name, scale: adapter.scale,
            modules: adapter.modules.mapValues { LowRankPair(a: $0.a, b: $0.b, rank: $0.rank) })
    }

    private func update(_ name: String, a: [Float], b: [Float], scale: Double = 1) -> LowRankUpdate {
        LowRankUpdate(name: name, scale: scale, modules: ["q": LowRankPair(a: a, b: b, rank: 1)])
    }

    /// With and without a start, shared and separate, other ranks, other scales, and a start a thousand times larger than what
    /// was learned: within 1e-6 of the dense matrices in float64.
    @Test func bothCosinesEqualTheDenseComputation() throws {
        let output = try PeerProcess.run(PeerProcess.oracle("cosines.py"))
        let cases = try JSONDecoder().decode([Case].self, from: Data(output.utf8))
        #expect(cases.count == 6)
        for item in cases {
            let first = try UpdateDirection(
                update("first", item.first), start: item.firstStart.map { update("start", $0) })
            let second = try UpdateDirection(
                update("second", item.second), start: item.secondStart.map { update("start", $0) })
            let cosines = try first.cosines(with: second)
            #expect(abs(try #require(cosines.effective) - item.effective) < 1e-6, "\(item.name)")
            if let expected = item.adapter {
                #expect(abs(try #require(cosines.adapter) - expected) < 1e-6, "\(item.name)")
            } else {
                #expect(cosines.adapter == nil, "\(item.name)")
            }
        }
    }

    @Test func anUpdateIsParallelToItselfAndToItsMultiple() throws {
        let one = try UpdateDirection(update("one", a: [1, 2, 3], b: [4, 5]))
        let two = try UpdateDirection(update("two", a: [-1, -2, -3], b: [4, 5], scale: 7))
        #expect(abs(try #require(one.cosines(with: one).effective) - 1) < 1e-12)
        #expect(abs(try #require(one.cosines(with: two).effective) + 1) < 1e-12)
    }

    /// The trap: a common A with untrained Bs of any content looks alike to `adapter`.
    @Test func aSharedStartFoolsOnlyTheAdapterCosine() throws {
        let shared: [Float] = [100, -100, 100]
        let one = try UpdateDirection(update("one", a: shared, b: [0.1, 0]))
        let two = try UpdateDirection(update("two", a: shared, b: [0, 0.1]))
        let cosines = try one.cosines(with: two)
        #expect(try #require(cosines.adapter) > 0.999)
        #expect(try #require(cosines.effective) == 0)
    }

    @Test func whatHasNotMovedHasNoDirection() throws {
        let still = try UpdateDirection(update("still", a: [1, 2], b: [0, 0]))
        let moved = try UpdateDirection(update("moved", a: [1, 2], b: [1, 0]))
        #expect(try still.cosines(with: moved).effective == nil)
        #expect(try still.cosines(with: moved).adapter != nil)
        // A start equal to the end is no movement either.
        let back = try UpdateDirection(update("back", a: [1, 2], b: [1, 0]), start: update("start", a: [1, 2], b: [1, 0]))
        #expect(try back.cosines(with: moved).effective == nil)
    }

    @Test func otherModulesAndShapesAreErrors() throws {
        let q = try UpdateDirection(update("q", a: [1, 2], b: [1]))
        let wider = try UpdateDirection(update("wider", a: [1, 2, 3], b: [1]))
        #expect(throws: AnalysisError.differentModuleShapes(module: "q", first: [1, 2], second: [1, 3])) {
            try q.cosines(with: wider)
        }
        let pair = LowRankPair(a: [1, 2], b: [1], rank: 1)
        let more = try UpdateDirection(LowRankUpdate(name: "more", scale: 1, modules: ["q": pair, "k": pair]))
        #expect(throws: AnalysisError.missingModule("k", in: "q")) { try q.cosines(with: more) }
        #expect(throws: AnalysisError.missingModule("k", in: "q")) { try more.cosines(with: q) }
    }
}
