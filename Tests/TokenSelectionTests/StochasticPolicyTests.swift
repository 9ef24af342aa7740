import Testing
import TokenSelection
import Torch

/// The perturbed top-k against draws without replacement, enumerated one by one.
@Suite struct StochasticPolicyTests {
    /// The probability of each set of k, when tokens are drawn one after another, each time with a probability
    /// proportional to the weight among those left: summed over all orders of drawing.
    private func probabilities(_ weights: [Double], drawing count: Int) -> [Set<Int>: Double] {
        var result: [Set<Int>: Double] = [:]
        func draw(_ drawn: Set<Int>, _ probability: Double) {
            guard drawn.count < count else { return result[drawn, default: 0] += probability }
            let left = weights.indices.filter { !drawn.contains($0) }
            let total = left.reduce(0) { $0 + weights[$1] }
            for next in left where weights[next] > 0 {
                draw(drawn.union([next]), probability * weights[next] / total)
            }
        }
        draw([], 1)
        return result
    }

    /// Pearson's statistic over the sets stays under the 0.999 quantile of its χ² distribution
    /// (R 4.3: qchisq(0.999, df = 9) = 27.88, df = 19: 43.82).
    @Test(arguments: [
        (weights: [0.1, 0.5, 1, 2, 4], count: 2, limit: 27.88), (weights: [3, 1, 0, 1, 0.2, 7, 0.6], count: 3, limit: 43.82),
    ]) func setsAreDrawnWithoutReplacement(weights: [Double], count: Int, limit: Double) throws {
        let expected = probabilities(weights, drawing: count)
        let ratio = (Double(count) + 0.5) / Double(weights.count)
        let selector = try TokenSelector(policy: StochasticPolicy(), ratio: ratio)
        let scores = TokenMeasurements(loss: Tensor(weights.map(Float.init)))
        let noise = Generator(seed: 2024)
        let draws = 40_000
        var counts: [Set<Int>: Int] = [:]
        for _ in 0..<draws {
            counts[Set(try selector.select(scores, groups: [weights.count], noise: noise).indices), default: 0] += 1
        }
        #expect(Set(counts.keys).isSubset(of: expected.keys))
        let statistic = expected.reduce(0) { sum, entry in
            let mean = entry.value * Double(draws)
            let gap = Double(counts[entry.key] ?? 0) - mean
            return sum + gap * gap / mean
        }
        #expect(statistic < limit, "χ² is \(statistic) over \(expected.count) sets")
    }

    /// Uniform draws are the case of equal weights: each token is in as often as any other.
    @Test func randomTakesEveryTokenAsOften() throws {
        let selector = try TokenSelector(policy: RandomPolicy(), ratio: 0.4)
        let noise = Generator(seed: 99)
        var counts = [Int](repeating: 0, count: 10)
        for _ in 0..<10_000 {
            let selection = try selector.select(TokenMeasurements(loss: .zeros([10])), groups: [10], noise: noise)
            for index in selection.indices { counts[index] += 1 }
        }
        // Five standard deviations of a binomial of 10,000 and 0.4 are 245.
        for count in counts { #expect(abs(count - 4000) < 245, "\(counts)") }
    }
}
