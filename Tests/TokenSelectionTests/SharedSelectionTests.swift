import RankFixtures
import Testing
import TokenSelection
import Torch

/// Tokens of several ranks in one pool: whatever is asked, the answer is one process'.
@Suite struct SharedSelectionTests {
    /// What one rank gives back: its tokens by their places among all, and the pool's counts.
    private struct Part: Sendable {
        var places: [Int]
        var counts: TokenSelection
    }

    private enum Scores: String, CaseIterable {
        case normal, fewValues, allEqual, infinite, negative

        func values(_ count: Int) -> [Float] {
            let normal: [Float] = Generator(seed: 9).normal([count]).values()
            switch self {
            case .normal: return normal
            // Of five, both zeros among them, so that ties are everywhere.
            case .fewValues: return normal.map { $0.rounded() * ($0.rounded() == 0 && $0 < 0 ? -1 : 1) }
            case .allEqual: return normal.map { _ in 0.25 }
            case .infinite: return normal.map { $0 > 0.8 ? .infinity : $0 < -0.8 ? -.infinity : $0 }
            case .negative: return normal.map { -abs($0) }
            }
        }
    }

    /// Lengths of the ranks' shares: one has no token at all, one has one.
    private static let shares = [[40, 37], [0, 77], [30, 1, 46], [11, 22, 0, 44]]

    private func measurements(_ values: [Float]) -> TokenMeasurements {
        let other: [Float] = Generator(seed: 10).normal([values.count]).values()
        return TokenMeasurements(
            loss: Tensor(values), entropy: Tensor(other), referenceLoss: Tensor(other.map { $0 * 0 }),
            referenceEntropy: Tensor(other.map { $0.rounded() }))
    }

    private func check(_ selector: TokenSelector, _ values: [Float], shares: [Int], _ comment: String) throws {
        let whole = try selector.select(measurements(values), groups: [values.count], noise: Generator(seed: 3))
        let parts = try RankThreads.run(shares.count) { ranks in
            let start = shares[..<ranks.rank].reduce(0, +)
            let place = start..<start + shares[ranks.rank]
            let all = measurements(values)
            let part = TokenMeasurements(
                loss: all.loss.slice(place), entropy: all.entropy?.slice(place), referenceLoss: all.referenceLoss?.slice(place),
                referenceEntropy: all.referenceEntropy?.slice(place))
            let selection = try selector.select(
                part, at: place, of: values.count, noise: Generator(seed: 3), among: ranks)
            return Part(places: selection.indices.map { $0 + start }, counts: selection)
        }
        #expect(parts.flatMap(\.places) == whole.indices, "\(comment)")
        for part in parts {
            var counts = part.counts
            counts.indices = whole.indices
            #expect(counts == whole, "\(comment)")
        }
    }

    @Test(arguments: SelectionPolicyRegistry.names, TokenSelector.Ties.allCases)
    func ranksChooseWhatOneProcessChooses(policy: String, ties: TokenSelector.Ties) throws {
        for scores in Scores.allCases {
            for (shares, ratio) in zip(Self.shares, policy == "all" ? [1, 1, 1, 1] : [0.3, 0.62, 0.001, 1]) {
                let selector = try TokenSelector(
                    policy: SelectionPolicyRegistry.policy(named: policy), ratio: ratio, pool: .batch, ties: ties)
                try check(selector, scores.values(77), shares: shares, "\(scores), shares of \(shares), ratio \(ratio)")
            }
        }
    }

    @Test(arguments: TokenScoreRegistry.names) func everyScoreIsRankedAmongAll(score: String) throws {
        let selector = try TokenSelector(
            score: TokenScoreRegistry.score(named: score), policy: TopKPolicy(), ratio: 0.4, pool: .batch)
        try check(selector, Scores.fewValues.values(77), shares: [30, 1, 46], score)
    }

    /// Fewer tokens than tenths.
    @Test(arguments: [2, 3, 9, 10, 11]) func fewTokensHaveDecilesToo(count: Int) throws {
        let selector = try TokenSelector(policy: TopKPolicy(), ratio: 0.5, pool: .batch)
        try check(selector, Scores.normal.values(count), shares: [1, count - 1], "\(count) tokens")
    }

    /// A policy that doesn't say that it looks at each token by itself is shown all.
    @Test func aPolicyThatComparesTokensSeesAll() throws {
        struct AboveTheMean: SelectionPolicy {
            func keys(for scores: Tensor, noise: Generator) -> SelectionKeys {
                let mean = scores.sum().item(Double.self) / Double(scores.count)
                return SelectionKeys(-scores, candidates: Operator.greaterThan(scores, mean))
            }
        }
        for ratio in [0.2, 0.7] {
            try check(
                TokenSelector(policy: AboveTheMean(), ratio: ratio, pool: .batch), Scores.normal.values(77), shares: [50, 27],
                "ratio \(ratio)")
        }
    }

    @Test func notANumberIsAnErrorOnItsRank() throws {
        let selector = try TokenSelector(policy: TopKPolicy(), ratio: 0.5, pool: .batch)
        let errors = try RankThreads.run(2, timeout: .seconds(3)) { ranks -> String in
            let values: [Float] = ranks.rank == 0 ? [1, 2] : [3, .nan]
            let place = ranks.rank * 2..<ranks.rank * 2 + 2
            do {
                _ = try selector.select(
                    TokenMeasurements(loss: Tensor(values)), at: place, of: 4, noise: Generator(seed: 0), among: ranks)
                return ""
            } catch { return "\(type(of: error))" }
        }
        #expect(errors == ["RankError", "SelectionError"])
    }
}
