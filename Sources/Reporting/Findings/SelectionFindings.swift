import Analysis

/// Which training tokens an arm selected, over its seeds.
public struct SelectionFindings: Sendable {
    /// Share selected at each position of a block; `nil` where no run kept its selections.
    public var byPosition: [SelectionShare]?
    /// Share selected of each tenth of the tokens by score, the lowest tenth first; `nil` where nothing was scored.
    public var byDecile: [Double]?
    /// Of the blocks that a run saw again, against the time before.
    public var stability: SelectionOverlap?

    /// Shares over neighbouring positions, each at the middle of its group; position 0 has none.
    static func grouped(_ shares: [SelectionShare], by size: Int) -> [(position: Double, share: Double)] {
        stride(from: 1, to: shares.count, by: size).compactMap { start in
            let group = shares[start..<min(start + size, shares.count)]
            let (selected, tokens) = group.reduce((0, 0)) { ($0.0 + $1.selected, $0.1 + $1.tokens) }
            guard tokens > 0 else { return nil }
            return (Double(start) + Double(group.count - 1) / 2, Double(selected) / Double(tokens))
        }
    }
}
