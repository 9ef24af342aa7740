import Analysis

/// Which training tokens an arm selected, over its seeds.
public struct SelectionFindings: Sendable {
    /// By seed; empty where no run kept its selections.
    var traces: [UInt64: SelectionTrace]
    /// Share selected at each position of a block; `nil` where no run kept its selections.
    public var byPosition: [SelectionShare]?
    /// Share selected by how often the token occurs in the training text, as `StudyRecord.Run.selectedByFrequency` groups them;
    /// `nil` where no run's were counted.
    public var byFrequency: [SelectionShare]?
    /// Share selected of each tenth of the tokens by score, the lowest tenth first; `nil` where nothing was scored.
    public var byDecile: [Double]?
    /// Of the blocks that the run with the smallest seed saw again, against the time before; `nil` where it saw none twice.
    public var stability: SelectionOverlap?

    init(traces: [UInt64: SelectionTrace], byFrequency: [SelectionShare]?, byDecile: [Double]?) {
        (self.traces, self.byFrequency, self.byDecile) = (traces, byFrequency, byDecile)
        let ordered = traces.sorted { $0.key < $1.key }.map(\.value)
        byPosition = Self.sum(ordered.map { $0.shareByPosition() })
        stability = ordered.first.flatMap { try? SelectionOverlap(repeatsIn: $0) }
    }

    private static func sum(_ shares: [[SelectionShare]]) -> [SelectionShare]? {
        guard let first = shares.first, shares.allSatisfy({ $0.count == first.count }) else { return nil }
        return first.indices.map { position in
            var sum = first[position]
            for run in shares.dropFirst() {
                sum.tokens += run[position].tokens
                sum.selected += run[position].selected
            }
            return sum
        }
    }

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
