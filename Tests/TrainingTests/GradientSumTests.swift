import ModelFixtures
import Models
import RankFixtures
import Testing
import Torch
import Training

/// When gradients are sent, and what comes back. That whole runs have one process' bits is in ParallelTrainerTests.
@Suite struct GradientSumTests {
    /// Weights `w0`, `w1` … of 8 numbers each, requiring gradients.
    private func weights(_ count: Int, dtype: DType = .float32) -> NamedTensors {
        var weights = NamedTensors()
        for index in 0..<count {
            let weight = Tensor.full([8], Double(index + 1), dtype: dtype)
            weight.requiresGradient = true
            weights.set("w\(index)", weight)
        }
        return weights
    }

    private func gradients(_ weights: NamedTensors) -> [[Float]?] { weights.map { $0.tensor.gradient?.values() } }

    /// `x · w0 · w1 · w2 · w3`: while the pass is between w2 and w1, what is of w3 and w2 is on its way.
    @Test func bucketsAreSentWhileThePassGoesOn() throws {
        let found = try RankThreads.run(2) { ranks in
            let weights = weights(4)
            let sum = GradientSum(weights, among: ranks, bucketCount: 4)
            let sentInside = Box()
            func pass(_ factor: Double) throws {
                var x = Tensor.full([8], factor)
                for index in 0..<4 {
                    if index == 2 {
                        let inner = x
                        x =
                            differentiable([inner]) {
                                (
                                    [inner * 1],
                                    { gradients in
                                        sentInside.value.append(sum.sentCount)
                                        return gradients
                                    }
                                )
                            }[0]
                    }
                    x = x * weights["w\(index)"]!
                }
                try x.sum().backward()
            }
            try pass(1)
            #expect(sum.sentCount == 0, "an earlier pass is not the last")
            sum.beginLastPass()
            try pass(Double(ranks.rank + 1))
            let sent = sum.sentCount
            try sum.finish()
            return (sentInside.value, sent, gradients(weights))
        }
        for (inside, sent, gradients) in found {
            #expect(inside == [0, 2] && sent == 4)
            // Over both ranks the factors are 1 + 1 and 1 + 2; a weight's gradient is the product of the others.
            let expected: [[Float]?] = [24, 12, 8, 6].map { [Float](repeating: 5 * $0, count: 8) }
            #expect(gradients == expected)
        }
    }

    /// A rank that has no last pass, one that has no gradient of a weight, and a weight that nobody has one of.
    @Test(arguments: [DType.float32, .float64]) func whatARankLacksIsZero(dtype: DType) throws {
        let found = try RankThreads.run(3) { ranks in
            let weights = weights(3, dtype: dtype)
            let sum = GradientSum(weights, outside: weights["w1"], among: ranks, bucketCount: 3)
            if ranks.rank > 0 {
                sum.beginLastPass()
                try (weights["w\(ranks.rank - 1)"]! * 2).sum().backward()
            }
            try sum.finish()
            return gradients(weights)
        }
        let two = [Float](repeating: 2, count: 8)
        #expect(found == [[[Float]?]](repeating: [two, two, nil], count: 3))
    }

    /// What is sent of a step that isn't taken comes back to nobody, and the next step is whole.
    @Test func anAbandonedStepLeavesNothing() throws {
        let found = try RankThreads.run(2) { ranks in
            let weights = weights(5)
            let sum = GradientSum(weights, among: ranks, bucketCount: 2)
            for isTaken in [false, true] {
                for (_, weight) in weights { weight.gradient = nil }
                sum.beginLastPass()
                // One rank fails before its pass.
                if isTaken || ranks.rank == 0 {
                    try weights.map(\.tensor).reduce(Tensor.full([8], 0)) { $0 + $1 * 3 }.sum().backward()
                }
                if isTaken { try sum.finish() } else { try sum.abandon() }
            }
            return gradients(weights)
        }
        #expect(found == [[[Float]?]](repeating: [[Float]?](repeating: [Float](repeating: 6, count: 8), count: 5), count: 2))
    }

    @Test func aProcessAloneHasNothingToSend() throws {
        let weights = weights(2)
        let sum = GradientSum(weights, among: ProcessGroup())
        sum.beginLastPass()
        try (weights["w0"]! * 2).sum().backward()
        try sum.finish()
        let expected: [[Float]?] = [[Float](repeating: 2, count: 8), nil]
        #expect(sum.sentCount == 0 && gradients(weights) == expected)
    }
}

private final class Box {
    var value: [Int] = []
}
