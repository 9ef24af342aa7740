/// How many of a group of tokens were selected.
public struct SelectionShare: Sendable, Hashable {
    /// Each time a token was seen counts.
    public var tokens = 0
    public var selected = 0

    public init(tokens: Int = 0, selected: Int = 0) { (self.tokens, self.selected) = (tokens, selected) }

    /// `nil` where the group is empty.
    public var share: Double? { tokens > 0 ? Double(selected) / Double(tokens) : nil }

    fileprivate mutating func count(_ isSelected: Bool) {
        tokens += 1
        selected += isSelected ? 1 : 0
    }
}

extension SelectionTrace {
    /// By position in the block; position 0 has no tokens.
    public func shareByPosition() -> [SelectionShare] {
        var shares = [SelectionShare](repeating: SelectionShare(), count: blockLength)
        for visit in visits {
            for position in 1..<blockLength { shares[position].count(visit.selected[position]) }
        }
        return shares
    }

    /// By how often the token occurs in the training corpus: entry e holds the tokens that occur 2ᵉ to 2ᵉ⁺¹ − 1 times.
    ///
    /// - Parameters:
    ///   - tokens: a block's index → its token ids, `[blockLength]`.
    ///   - count: how often a token id occurs in the corpus, at least once.
    /// - Throws: `AnalysisError.wrongCount` where a block has another length.
    public func shareByFrequency(tokens: (Int) throws -> [Int32], count: (Int32) -> Int) throws -> [SelectionShare] {
        var shares: [SelectionShare] = []
        for visit in visits {
            let ids = try tokens(visit.block)
            guard ids.count == blockLength else {
                throw AnalysisError.wrongCount(what: "block \(visit.block)", found: ids.count, expected: blockLength)
            }
            for position in 1..<blockLength {
                let bin = Int.bitWidth - 1 - max(1, count(ids[position])).leadingZeroBitCount
                while shares.count <= bin { shares.append(SelectionShare()) }
                shares[bin].count(visit.selected[position])
            }
        }
        return shares
    }

    /// By decile of the score among a step's valid tokens, the lowest first: which share of each decile was selected.
    ///
    /// - Parameter steps: of each step, how many selected tokens lay in each decile, and how many tokens were valid.
    public static func shareByScoreDecile(_ steps: [(selected: [Int], valid: Int)]) throws -> [Double] {
        var selected = [Int](repeating: 0, count: 10)
        for step in steps {
            guard step.selected.count == selected.count else {
                throw AnalysisError.wrongCount(what: "a step's deciles", found: step.selected.count, expected: selected.count)
            }
            for decile in selected.indices { selected[decile] += step.selected[decile] }
        }
        let valid = steps.reduce(0) { $0 + $1.valid }
        guard valid > 0 else { throw AnalysisError.nothingCounts("score deciles") }
        return selected.map { 10 * Double($0) / Double(valid) }
    }
}
