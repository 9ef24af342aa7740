import Torch

/// Chooses the tokens that carry the loss: a score, a policy, a ratio and the pool in which tokens compete.
public struct TokenSelector: Sendable {
    /// Where the k best are ranked.
    public enum Pool: String, Sendable, CaseIterable, Codable {
        /// Each block by itself.
        case sequence
        /// The blocks of one forward pass together, as the replication does.
        case microBatch
        /// The whole optimizer step.
        case batch
    }

    /// Who wins among equal keys.
    public enum Ties: String, Sendable, CaseIterable, Codable {
        /// The earlier position, so that a result doesn't depend on the device.
        case earlier
        case random
    }

    public let score: any TokenScore
    public let policy: any SelectionPolicy
    public let ratio: Double
    public let pool: Pool
    public let ties: Ties

    /// - Throws: `SelectionError.ratioOutOfRange` unless 0 < `ratio` ≤ 1, and unless it is 1 where the policy takes every token.
    public init(
        score: any TokenScore = LossScore(), policy: any SelectionPolicy, ratio: Double, pool: Pool = .microBatch,
        ties: Ties = .earlier
    ) throws {
        guard ratio > 0, ratio <= 1, !(policy is AllTokensPolicy) || ratio == 1 else {
            throw SelectionError.ratioOutOfRange(ratio)
        }
        (self.score, self.policy, self.ratio, self.pool, self.ties) = (score, policy, ratio, pool, ties)
    }

    /// Plain causal language modeling.
    public static let everything = try! TokenSelector(policy: AllTokensPolicy(), ratio: 1)

    /// What a score has to be given for this selector.
    public var needs: Set<TokenMeasurements.Optional> { policy.usesScores ? score.needs : [] }

    /// How many of `valid` tokens are taken: the replication's rounding.
    public func count(of valid: Int) -> Int { max(1, Int(ratio * Double(valid))) }

    /// - Parameters:
    ///   - measurements: of the valid tokens, `[N]`, in order.
    ///   - groups: how many consecutive tokens compete with each other; their sum is N. Groups of 0 are passed over.
    ///   - noise: this step's own random stream.
    /// - Throws: `SelectionError.nothingValid` where N is 0; `.notANumber`, since NaN has no rank.
    public func select(_ measurements: TokenMeasurements, groups: [Int], noise: Generator) throws -> TokenSelection {
        try withoutGradient {
            let total = measurements.loss.size(0)
            precondition(groups.reduce(0, +) == total, "groups of \(groups) tokens don't make \(total)")
            guard total > 0 else { throw SelectionError.nothingValid }

            let proposal = try proposal(
                for: policy.usesScores ? scores(of: measurements, groups: groups) : measurements.loss, at: 0..<total, noise: noise
            )
            return selection(from: groups, scores: proposal.scores, candidates: proposal.candidates) { count, range in
                Self.highest(
                    count, in: range, keys: proposal.keys, candidates: proposal.candidates, tieBreakers: proposal.tieBreakers)
            }
        }
    }

    /// Counts what is chosen from each pool.
    ///
    /// - Parameters:
    ///   - scores: empty where the policy looks at none.
    ///   - choose: so many positions of a pool, ascending.
    func selection(
        from groups: [Int], scores: [Double], candidates: [Bool]?, _ choose: (_ count: Int, _ pool: Range<Int>) -> [Int]
    ) -> TokenSelection {
        var selection = TokenSelection(
            indices: [], poolCounts: [], candidateCount: candidates.map { $0.count { $0 } } ?? groups.reduce(0, +),
            filledCount: 0, allTied: scores.count > 1 && scores.allSatisfy { $0 == scores[0] })
        for range in Self.ranges(groups) {
            let count = count(of: range.count)
            let chosen = choose(count, range)
            selection.indices += chosen
            selection.poolCounts.append(count)
            if let candidates { selection.filledCount += chosen.count { !candidates[$0] } }
            if policy.usesScores { selection.countDeciles(of: chosen, in: range, scores: scores) }
        }
        return selection
    }

    /// What a policy proposes for some tokens, as numbers, with what decides between equals.
    struct Proposal {
        /// Empty where the policy looks at none.
        var scores: [Double]
        var keys: [Double]
        var candidates: [Bool]?
        var tieBreakers: [Double]?
    }

    /// Asks the policy about all tokens that compete, and draws for ties where they go at random.
    ///
    /// - Parameter place: the tokens that are wanted.
    /// - Throws: `SelectionError.notANumber`, `.wrongKeyCount`
    func proposal(for scores: Tensor, at place: Range<Int>, noise: Generator) throws -> Proposal {
        func wanted<Value: TensorElement>(_ tensor: Tensor) -> [Value] { tensor.slice(place).values() }
        let count = scores.size(0)
        let scoreValues: [Double] = policy.usesScores ? wanted(scores) : []
        guard !scoreValues.contains(where: \.isNaN) else {
            throw SelectionError.notANumber(what: "score \(type(of: score))")
        }
        let proposal = policy.keys(for: scores, noise: noise)
        guard proposal.keys.shape == [count] else {
            throw SelectionError.wrongKeyCount(policy: "\(type(of: policy))", found: proposal.keys.count, expected: count)
        }
        let keys: [Double] = wanted(proposal.keys)
        guard !keys.contains(where: \.isNaN) else {
            throw SelectionError.notANumber(what: "a key of policy \(type(of: policy))")
        }
        return Proposal(
            scores: scoreValues, keys: keys, candidates: proposal.candidates.map(wanted),
            tieBreakers: ties == .random ? wanted(noise.uniform([count], dtype: .float64)) : nil)
    }

    /// Each pool is scored by itself.
    func scores(of measurements: TokenMeasurements, groups: [Int]) -> Tensor {
        let ranges = Self.ranges(groups)
        return ranges.count == 1 ? score(measurements) : .concatenated(ranges.map { score(measurements.slice($0)) })
    }

    /// Where the pools that hold a token stand.
    static func ranges(_ groups: [Int]) -> [Range<Int>] {
        var start = 0
        return groups.filter { $0 > 0 }.map { count in
            defer { start += count }
            return start..<start + count
        }
    }

    /// The `count` positions of `range` with the highest keys, candidates before all others, ascending.
    private static func highest(
        _ count: Int, in range: Range<Int>, keys: [Double], candidates: [Bool]?, tieBreakers: [Double]?
    ) -> [Int] {
        guard count < range.count else { return Array(range) }
        let order = range.sorted { left, right in
            if let candidates, candidates[left] != candidates[right] { return candidates[left] }
            if keys[left] != keys[right] { return keys[left] > keys[right] }
            if let tieBreakers, tieBreakers[left] != tieBreakers[right] { return tieBreakers[left] > tieBreakers[right] }
            return left < right
        }
        return order.prefix(count).sorted()
    }
}

/// The tokens that a step trains on.
public struct TokenSelection: Sendable, Equatable {
    /// Positions among the valid tokens, ascending.
    public var indices: [Int]
    /// How many were taken from each pool.
    public var poolCounts: [Int]
    /// Tokens that the policy wanted at all.
    public var candidateCount: Int
    /// Picks that were not candidates: fewer were wanted than the ratio asks for.
    public var filledCount: Int
    /// Whether every score was the same, so that position or chance alone decided.
    public var allTied: Bool
    /// How many of the selected stood in each tenth of their pool by score, the lowest tenth first; `nil` where nothing is
    /// scored. Of equal scores the earlier position counts as the higher.
    public var scoreDeciles: [Int]?

    fileprivate mutating func countDeciles(of chosen: [Int], in pool: Range<Int>, scores: [Double]) {
        let ascending = pool.sorted { scores[$0] != scores[$1] ? scores[$0] < scores[$1] : $0 > $1 }
        let isChosen = Set(chosen)
        var deciles = scoreDeciles ?? [Int](repeating: 0, count: 10)
        for (rank, token) in ascending.enumerated() where isChosen.contains(token) { deciles[rank * 10 / pool.count] += 1 }
        scoreDeciles = deciles
    }
}
