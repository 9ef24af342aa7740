import Torch

extension TokenSelector {
    /// Chooses among the tokens of all ranks, which compete in one pool, the very tokens that one process would choose.
    ///
    /// Where score and policy look at each token by itself, tokens stay on their ranks, and a threshold is found together
    /// (`RankedStrings`). Where they compare tokens, all ranks are told what was measured of each.
    ///
    /// - Parameters:
    ///   - measurements: of this rank's valid tokens, `[n]`, in order.
    ///   - place: where they stand among the `total` of all ranks.
    ///   - noise: the step's random stream, the same on every rank.
    /// - Returns: positions among this rank's tokens; the counts are those of the whole pool.
    /// - Throws: as `select(_:groups:noise:)`, and `RankError.lost`.
    public func select(
        _ measurements: TokenMeasurements, at place: Range<Int>, of total: Int, noise: Generator, among ranks: ProcessGroup
    ) throws -> TokenSelection {
        precondition(measurements.loss.size(0) == place.count, "\(measurements.loss.size(0)) tokens at \(place)")
        return try withoutGradient {
            guard total > 0 else { throw SelectionError.nothingValid }
            guard policy.comparesTokens || policy.usesScores && score.comparesTokens else {
                return try threshold(measurements, at: place, of: total, noise: noise, among: ranks)
            }
            var selection = try select(
                measurements.gathered(at: place, of: total, among: ranks), groups: [total], noise: noise)
            selection.indices = selection.indices.filter(place.contains).map { $0 - place.lowerBound }
            return selection
        }
    }

    private func threshold(
        _ measurements: TokenMeasurements, at place: Range<Int>, of total: Int, noise: Generator, among ranks: ProcessGroup
    ) throws -> TokenSelection {
        // Noise belongs to places among all tokens, and so does a vector register's last bit: score and policy are asked about as many
        // tokens as there are, of which only ours are real.
        let everywhere = measurements.spread(at: place, of: total)
        let proposal = try proposal(for: policy.usesScores ? score(everywhere) : everywhere.loss, at: place, noise: noise)
        let candidates = proposal.candidates

        var order = RankedStrings(
            width: OrderedBytes.flagWidth + OrderedBytes.numberWidth * (proposal.tieBreakers == nil ? 1 : 2)
                + OrderedBytes.positionWidth)
        for (index, position) in place.enumerated() {
            let tie = proposal.tieBreakers.map { [OrderedBytes.number($0[index])] } ?? []
            order.append([.flag(candidates?[index] ?? true), .number(proposal.keys[index])] + tie + [.position(position)])
        }
        let taken = count(of: total)
        let last = try order.strings(at: [taken - 1], among: ranks)[0]
        let chosen = (0..<place.count).filter { order.isAtLeast(last, at: $0) }

        let standing =
            policy.usesScores
            ? try ScoreStanding(of: chosen, scores: proposal.scores, at: place, of: total, among: ranks) : nil
        let filled = candidates.map { candidates in chosen.count { !candidates[$0] } } ?? 0
        let counts = try ranks.sum(
            [candidates?.count { $0 } ?? place.count, filled] + (standing?.deciles ?? []), "counting selected tokens")
        return TokenSelection(
            indices: chosen, poolCounts: [taken], candidateCount: counts[0], filledCount: counts[1],
            allTied: standing?.allTied ?? false, scoreDeciles: standing.map { _ in Array(counts[2...]) })
    }
}

/// Where a rank's selected tokens stand among the scores of all ranks.
private struct ScoreStanding {
    /// How many of this rank's selected tokens stand in each tenth, the lowest first.
    var deciles = [Int](repeating: 0, count: 10)
    /// Whether all ranks' scores are the same.
    let allTied: Bool

    /// - Parameter scores: of this rank's tokens, which stand at `place` among `total`.
    init(of chosen: [Int], scores: [Double], at place: Range<Int>, of total: Int, among ranks: ProcessGroup) throws {
        var order = RankedStrings(width: OrderedBytes.numberWidth + OrderedBytes.positionWidth)
        for (score, position) in zip(scores, place) { order.append([.number(score), .position(position)]) }
        // The lowest token of each tenth but the first: a token of ascending rank r stands in tenth ⌊10r / total⌋.
        let lowest = (1...9).map { ($0 * total + 9) / 10 }.filter { $0 < total }
        let strings = try order.strings(at: [0, total - 1] + lowest.map { total - 1 - $0 }, among: ranks)
        let width = OrderedBytes.numberWidth
        allTied = total > 1 && strings[0].prefix(width) == strings[1].prefix(width)
        for index in chosen { deciles[strings[2...].count { order.isAtLeast($0, at: index) }] += 1 }
    }
}

extension TokenMeasurements {
    /// The same at `place` of `total` tokens, and 0 elsewhere.
    fileprivate func spread(at place: Range<Int>, of total: Int) -> TokenMeasurements {
        func spread(_ part: Tensor) -> Tensor {
            let all = Tensor.zeros([total], dtype: part.dtype)
            all.slice(place).assign(part)
            return all
        }
        return TokenMeasurements(
            loss: spread(loss), entropy: entropy.map(spread), referenceLoss: referenceLoss.map(spread),
            referenceEntropy: referenceEntropy.map(spread))
    }

    /// Those of all ranks' tokens, on every rank.
    fileprivate func gathered(at place: Range<Int>, of total: Int, among ranks: ProcessGroup) throws -> TokenMeasurements {
        let all = spread(at: place, of: total)
        // One rank knows each token, and elsewhere it is 0.
        for part in [all.loss, all.entropy, all.referenceLoss, all.referenceEntropy].compactMap({ $0 }) {
            try ranks.sum(part, "gathering what was measured of tokens")
        }
        return all
    }
}
