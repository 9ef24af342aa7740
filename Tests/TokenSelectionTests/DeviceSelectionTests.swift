import Testing
import TokenSelection
import Torch

/// The selection made of tensor operations against the one that sorts on the host: the same tokens, and the same counts of them.
@Suite struct DeviceSelectionTests {
    /// Losses and what goes with them, of which many are equal, some are 0 of either sign, and few excesses are positive.
    private func measurements(_ count: Int, seed: UInt64, levels: Double) -> TokenMeasurements {
        let generator = Generator(seed: seed)
        func coarse() -> Tensor {
            let values: [Double] = generator.normal([count], dtype: .float64).values()
            return Tensor(values.map { Float(($0 * levels).rounded() / levels) })
        }
        return TokenMeasurements(loss: coarse(), entropy: coarse(), referenceLoss: coarse() + 1)
    }

    private func both(
        _ selector: TokenSelector, _ measurements: TokenMeasurements, _ groups: [Int], seed: UInt64
    ) throws -> (device: TokenSelection, host: TokenSelection) {
        let onDevice = try DeviceSelection(selector, groups: groups)
        let outcome = onDevice(measurements, noise: onDevice.noise(from: Generator(seed: seed)))
        #expect(outcome.indices.shape == [onDevice.selectedCount] && outcome.indices.dtype == .int64)
        let figures: [Double] = Tensor.concatenated(outcome.figures).values()
        return (
            try onDevice.read(indices: outcome.indices.values(), figures: figures[...]),
            try selector.select(measurements, groups: groups, noise: Generator(seed: seed))
        )
    }

    @Test(
        arguments: SelectionPolicyRegistry.names, ["loss", "excessLoss", "entropy", "targetProbability"])
    func theTokensAreTheHosts(policy: String, score: String) throws {
        let pools = [[40], [10, 10, 10, 10], [7, 0, 1, 30, 2], [1, 39]]
        for (index, groups) in pools.enumerated() {
            for ratio in policy == "all" ? [1] : [0.001, 0.3, 0.5, 1] {
                for ties in TokenSelector.Ties.allCases {
                    let selector = try TokenSelector(
                        score: TokenScoreRegistry.score(named: score), policy: SelectionPolicyRegistry.policy(named: policy),
                        ratio: ratio, ties: ties)
                    for seed in 0..<4 as Range<UInt64> {
                        let measured = measurements(40, seed: seed, levels: [1, 2, 1000][Int(seed) % 3])
                        let (found, expected) = try both(selector, measured, groups, seed: 9 + seed)
                        #expect(found == expected, "pools \(groups) (\(index)), ratio \(ratio), ties \(ties), seed \(seed)")
                    }
                }
            }
        }
    }

    /// Most scores are equal: of them the earlier are taken, and the two zeros are one.
    @Test func equalsGoToTheEarlierPosition() throws {
        let scores = Tensor([1, 5, 5, -0.0, 0, -0.0, 5, 5] as [Float])
        let selector = try TokenSelector(policy: TopKPolicy(), ratio: 0.8)
        let (found, expected) = try both(selector, TokenMeasurements(loss: scores), [8], seed: 1)
        #expect(found == expected)
        #expect(found.indices == [0, 1, 2, 3, 6, 7])
    }

    @Test func infiniteScoresRankAsTheyShould() throws {
        let scores = Tensor([1, .infinity, -.infinity, 2] as [Float])
        let selector = try TokenSelector(policy: TopKPolicy(), ratio: 0.5)
        #expect(try both(selector, TokenMeasurements(loss: scores), [4], seed: 1).device.indices == [1, 3])
    }

    @Test func allScoresThatTieAreSaidTo() throws {
        let selector = try TokenSelector(policy: StochasticPolicy(), ratio: 0.5)
        let (found, expected) = try both(selector, TokenMeasurements(loss: .zeros([6])), [6], seed: 1)
        #expect(found == expected)
        #expect(found.allTied && found.candidateCount == 0 && found.filledCount == 3)
    }

    /// The host hears of it when it reads.
    @Test(arguments: [TopKPolicy(), StochasticPolicy()] as [any SelectionPolicy]) func notANumberIsAnError(
        policy: any SelectionPolicy
    ) throws {
        let selector = try TokenSelector(policy: policy, ratio: 0.5)
        let scores = Tensor([1, .nan, 3, 0] as [Float])
        #expect(throws: SelectionError.notANumber(what: "score LossScore")) {
            _ = try both(selector, TokenMeasurements(loss: scores), [4], seed: 1)
        }
    }

    /// A policy of somebody's own gives keys that are no numbers.
    @Test func aKeyThatIsNotANumberIsAnError() throws {
        struct Broken: PerturbingPolicy {
            func keys(for scores: Tensor, perturbation: Tensor?) -> SelectionKeys { SelectionKeys(scores.logarithm()) }
        }
        let selector = try TokenSelector(policy: Broken(), ratio: 0.5)
        #expect(throws: SelectionError.notANumber(what: "a key of policy Broken")) {
            let selection = try DeviceSelection(selector, groups: [3])
            let outcome = selection(TokenMeasurements(loss: Tensor([1, -1, 2] as [Float])), noise: .init())
            let figures: [Double] = Tensor.concatenated(outcome.figures).values()
            _ = try selection.read(indices: outcome.indices.values(), figures: figures[...])
        }
    }

    @Test func whatComparesTokensOrDrawsLateStaysOnTheHost() throws {
        struct Late: SelectionPolicy {
            func keys(for scores: Tensor, noise: Generator) -> SelectionKeys { SelectionKeys(scores) }
        }
        let late = try TokenSelector(policy: Late(), ratio: 0.5)
        #expect(DeviceSelection.obstacle(to: late) == .policy("Late"))
        #expect(throws: SelectionError.needsHost(reason: .policy("Late"))) { _ = try DeviceSelection(late, groups: [3]) }
        let comparing = try TokenSelector(score: SelfReferenceScore(), policy: TopKPolicy(), ratio: 0.5)
        #expect(DeviceSelection.obstacle(to: comparing) == .score("SelfReferenceScore"))
        // The score doesn't matter to a policy that looks at none.
        let random = try TokenSelector(score: SelfReferenceScore(), policy: RandomPolicy(), ratio: 0.5)
        #expect(DeviceSelection.obstacle(to: random) == nil)
        #expect(throws: SelectionError.nothingValid) { _ = try DeviceSelection(random, groups: [0, 0]) }
    }
}
