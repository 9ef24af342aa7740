import Analysis
import Foundation
import PeerProcess
import Testing

@Suite struct UpdateDirectionTests {
    private struct Module: Decodable {
        var a: [Float]
        var b: [Float]
        var rank, inputs, outputs: Int
        var scale: Double
    }

    private struct Case: Decodable {
        var name: String
        var first: [String: Module]
        var second: [String: Module]
        var firstStart: [String: Module]?
        var secondStart: [String: Module]?
        var adapter: Double?
        var effective: Double
    }

    private func update(_ name: String, _ modules: [String: Module]) throws -> LowRankUpdate {
        try LowRankUpdate(
            name: name,
            modules: modules.mapValues {
                .init(a: $0.a, b: $0.b, rank: $0.rank, inputSize: $0.inputs, outputSize: $0.outputs, scale: $0.scale)
            })
    }

    private func update(_ name: String, a: [Float], b: [Float], scale: Double = 1) throws -> LowRankUpdate {
        try LowRankUpdate(
            name: name,
            modules: ["q": .init(a: a, b: b, rank: 1, inputSize: a.count, outputSize: b.count, scale: scale)])
    }

    /// With and without a start, shared and separate, other ranks, other scales, and a start a thousand times larger than what
    /// was learned: within 1e-6 of the dense matrices in float64.
    @Test func bothCosinesEqualTheDenseComputation() throws {
        let output = try PeerProcess.run(PeerProcess.oracle("cosines.py"))
        let cases = try JSONDecoder().decode([Case].self, from: Data(output.utf8))
        #expect(cases.count == 6)
        for item in cases {
            let first = try UpdateDirection(
                update("first", item.first), start: item.firstStart.map { try update("start", $0) })
            let second = try UpdateDirection(
                update("second", item.second), start: item.secondStart.map { try update("start", $0) })
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
        let factors = LowRankUpdate.Factors(a: [1, 2], b: [1], rank: 1, inputSize: 2, outputSize: 1, scale: 1)
        let more = try UpdateDirection(LowRankUpdate(name: "more", modules: ["q": factors, "k": factors]))
        #expect(throws: AnalysisError.missingModule("k", in: "q")) { try q.cosines(with: more) }
        #expect(throws: AnalysisError.missingModule("k", in: "q")) { try more.cosines(with: q) }
        #expect(throws: AnalysisError.wrongFactorCount(module: "q", found: [1, 1], expected: [2, 1])) {
            try LowRankUpdate(
                name: "short", modules: ["q": .init(a: [1], b: [1], rank: 1, inputSize: 2, outputSize: 1, scale: 1)])
        }
    }
}
