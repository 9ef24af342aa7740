/// Whether the mask counts what it should.
extension TokenLossAudit {
    func firstPositionCounts() -> Finding? {
        guard positions > 0 else { return nil }
        let wrong = (0..<rows).filter { losses.mask[$0 * positions] }
        guard let first = wrong.first else { return nil }
        let countsTheEnd = wrong.contains { losses.mask[($0 + 1) * positions - 1] }
        return Finding(
            kind: .firstPositionCounts, severity: .error,
            sentence: "\(wrong.count) of \(rows) rows count position 0, which nothing predicts.", firstPlace: [first, 0],
            count: wrong.count,
            remedy: countsTheEnd
                ? "Put the loss of predicting token t at position t, and mask position 0."
                : "The last position is masked instead, so the loss of token t + 1 stands at t: move every row one place to the right."
        )
    }

    /// A run of one token at an end of a row, counted.
    func paddingCounts() -> Finding? {
        guard let ids = losses.inputIDs else { return nil }
        var found: [(row: Int, place: Int, count: Int, id: Int32)] = []
        for row in 0..<rows {
            for run in runsAtTheEnds(of: row, ids) where run.count >= Self.shortestPadding {
                // The first may be text: an end-of-text token that padding repeats.
                let places = run.dropFirst().filter { losses.mask[$0] && $0 % positions > 0 }
                if let place = places.first { found.append((row, place, places.count, ids[place])) }
            }
        }
        // Text has such runs now and then, in lines of dashes: one token at the end of many rows is padding.
        let byToken = Dictionary(grouping: found, by: \.id)
        guard let most = byToken.values.max(by: { ($0.count, $1[0].place) < ($1.count, $0[0].place) }) else { return nil }
        let isPadding = most.count >= 2 && most.count * 100 >= rows
        let count = most.reduce(0) { $0 + $1.count }
        return Finding(
            kind: .paddingCounts, severity: isPadding ? .error : .warning,
            sentence: "\(count) losses count in runs of token \(most[0].id) at the end of \(most.count) of \(rows) rows"
                + (isPadding ? ": padding." : "."),
            firstPlace: place(most[0].place), count: count,
            remedy: isPadding
                ? "Mask padding, from the attention mask or the labels of −100: the mean takes it for text that is easily foreseen."
                : "Mask it if it is padding; leave it if the text has such a run.")
    }

    /// Masked tokens other than the first and a run of one token at an end of the row.
    func textIsMasked() -> Finding? {
        guard let ids = losses.inputIDs, tokens > 0 else { return nil }
        var masked: [Int] = []
        for row in 0..<rows {
            let padding = Set(runsAtTheEnds(of: row, ids).joined())
            masked += (row * positions + 1..<max(row * positions + 1, (row + 1) * positions)).filter {
                !losses.mask[$0] && !padding.contains($0)
            }
        }
        guard let first = masked.first else { return nil }
        return Finding(
            kind: .textIsMasked, severity: .warning,
            sentence: "\(masked.count) tokens are masked that are neither the first of a row nor padding.",
            firstPlace: place(first),
            count: masked.count,
            remedy: "Let the mask count them, unless prompts or separators are left out on purpose.")
    }

    /// So many equal tokens at an end of a row are taken for padding.
    private static var shortestPadding: Int { 8 }

    /// The equal tokens that a row begins with, and those that it ends with.
    private func runsAtTheEnds(of row: Int, _ ids: [Int32]) -> [Range<Int>] {
        let (start, end) = (row * positions, (row + 1) * positions)
        guard start < end else { return [] }
        let leading = (start..<end).first { ids[$0] != ids[start] } ?? end
        let trailing = (start..<end).last { ids[$0] != ids[end - 1] }.map { $0 + 1 } ?? start
        return trailing == start ? [start..<end] : [start..<leading, trailing..<end]
    }
}
