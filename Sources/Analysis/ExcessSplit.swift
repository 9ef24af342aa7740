import RunRecords

/// Held-out tokens parted into those that top-k selection by excess loss would train on and the rest.
///
/// The excess is the start's loss less the reference's, ranked over the whole split; the k = max(1, ⌊ratio · tokens⌋) highest are
/// selected and ties go to the earlier token. Every arm is judged on the same two sets, which no arm's training has touched.
public struct ExcessSplit: Sendable, Equatable {
    /// `[rows, positions]`. A subset for `PairedDifference` and `LossSummary`.
    public let selected: [Bool]
    /// `[rows, positions]`: the tokens that count and were not selected.
    public let unselected: [Bool]

    /// - Throws: an `AnalysisError` where the two are not of the same tokens, or agree on every one of them.
    public init(start: TokenLosses, reference: TokenLosses, ratio: Double) throws {
        guard ratio > 0, ratio <= 1 else { throw AnalysisError.badRatio(ratio) }
        try start.checkAgreement(with: reference)
        let counted = start.mask.indices.filter { start.mask[$0] }
        let excess = counted.map { start.losses[$0] - reference.losses[$0] }
        guard let first = excess.first, excess.contains(where: { $0 != first }) else { throw AnalysisError.nothingToRank }
        var selected = [Bool](repeating: false, count: start.mask.count)
        for place in highest(max(1, Int(ratio * Double(counted.count))), of: excess) { selected[counted[place]] = true }
        self.selected = selected
        unselected = zip(start.mask, selected).map { $0 && !$1 }
    }
}

/// The indices of the `count` highest scores, ties to the earlier.
func highest(_ count: Int, of scores: [Float]) -> ArraySlice<Int> {
    scores.indices.sorted { (scores[$0], $1) > (scores[$1], $0) }.prefix(count)
}
