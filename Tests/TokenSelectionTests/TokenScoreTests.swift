import Testing
import TokenSelection
import Torch

@Suite struct TokenScoreTests {
    private func measurements(_ count: Int, levels: Int? = nil) -> TokenMeasurements {
        func values(_ seed: UInt64) -> Tensor {
            let drawn: [Float] = Generator(seed: seed).uniform([count]).values()
            return Tensor(levels.map { levels in drawn.map { ($0 * Float(levels)).rounded(.down) } } ?? drawn)
        }
        return TokenMeasurements(loss: values(1), referenceLoss: values(2), referenceEntropy: values(3))
    }

    /// The smallest sets of lowest loss and lowest entropy, equally large, whose intersection holds k tokens; with many ties too.
    @Test(arguments: [nil, 4, 12], [1, 7, 30, 59]) func selfReferenceIsTheIntersection(levels: Int?, count: Int) throws {
        let measurements = measurements(60, levels: levels)
        let (losses, entropies): ([Float], [Float]) = (
            measurements.referenceLoss!.values(), measurements.referenceEntropy!.values()
        )
        /// The `size` lowest, and their equals.
        func lowest(_ values: [Float], _ size: Int) -> Set<Int> {
            let edge = values.sorted()[size - 1]
            return Set(values.indices.filter { values[$0] <= edge })
        }
        func intersection(_ size: Int) -> Set<Int> {
            size == 0 ? [] : lowest(losses, size).intersection(lowest(entropies, size))
        }
        let size = (1...60).first { intersection($0).count >= count }!

        let selector = try TokenSelector(score: SelfReferenceScore(), policy: TopKPolicy(), ratio: Double(count) / 60 + 1e-9)
        let selected = Set(try selector.select(measurements, groups: [60], noise: Generator(seed: 1)).indices)
        #expect(selected.count == count)
        #expect(selected.isSubset(of: intersection(size)))
        #expect(selected.isSuperset(of: intersection(size - 1)))
    }

    /// A token is ranked among its rivals: two pools choose as if each were alone.
    @Test func selfReferenceRanksWithinThePool() throws {
        let selector = try TokenSelector(score: SelfReferenceScore(), policy: TopKPolicy(), ratio: 0.4)
        func selected(_ measurements: TokenMeasurements, _ groups: [Int]) throws -> [Int] {
            try selector.select(measurements, groups: groups, noise: Generator(seed: 1)).indices
        }
        let whole = measurements(40)
        func part(_ range: Range<Int>) -> TokenMeasurements {
            TokenMeasurements(
                loss: whole.loss.slice(range), referenceLoss: whole.referenceLoss!.slice(range),
                referenceEntropy: whole.referenceEntropy!.slice(range))
        }
        let expected = try selected(part(0..<25), [25]) + selected(part(25..<40), [15]).map { $0 + 25 }
        #expect(try selected(whole, [25, 0, 15]) == expected)
        #expect(try selected(whole, [40]) != expected)
    }

    @Test func theTargetsProbabilityPrefersLowLosses() throws {
        let losses = Tensor([3, 0.5, 2, 0.25] as [Float])
        let scores: [Double] = TargetProbabilityScore()(TokenMeasurements(loss: losses)).values()
        #expect(zip(scores, [0.049787, 0.606531, 0.135335, 0.778801]).allSatisfy { abs($0 - $1) < 1e-6 })
    }

    /// Ranks from the lowest, in tenths of each pool; of equals the earlier counts as the higher.
    @Test func decilesCountWithinThePool() throws {
        let scores = Tensor((0..<20).map { Float(($0 * 7) % 20) } + [5, 5, 5, 5, 5])
        let top = try TokenSelector(policy: TopKPolicy(), ratio: 0.4)
        let selection = try top.select(TokenMeasurements(loss: scores), groups: [20, 5], noise: Generator(seed: 1))
        // 8 of 20 are the upper four tenths, two each; of five equals the first two hold ranks 3 and 4, tenths 6 and 8.
        #expect(selection.scoreDeciles == [0, 0, 0, 0, 0, 0, 3, 2, 3, 2])
        let random = try TokenSelector(policy: RandomPolicy(), ratio: 0.4)
        #expect(try random.select(TokenMeasurements(loss: scores), groups: [25], noise: Generator(seed: 1)).scoreDeciles == nil)
    }
}
