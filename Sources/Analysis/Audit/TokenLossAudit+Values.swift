/// Whether the values can be losses at all.
extension TokenLossAudit {
    func nothingCounts() -> Finding? {
        guard tokens == 0 else { return nil }
        return Finding(
            kind: .nothingCounts, severity: .error, sentence: "The mask leaves no loss to count.", count: 0,
            remedy: "Write 1 into `mask` wherever a loss was computed.")
    }

    func notFinite() -> Finding? {
        finding(
            .notFinite, "losses that count are NaN or infinite.",
            remedy: "Find out where the model diverged, or whether the softmax was taken in half precision; mask what stays."
        ) { !$0.isFinite }
    }

    func negative() -> Finding? {
        // A cross-entropy may come out a rounding below 0.
        finding(
            .negative, "losses that count are negative, and a cross-entropy never is.",
            remedy: "Write −log p of each token in nats, not log p and not a difference of losses."
        ) { $0 < -1e-3 }
    }

    func constantRows() -> Finding? {
        let constant = (0..<rows).filter { row in
            let values = values(of: row)
            return values.count >= Self.shortestRow && values.allSatisfy { $0 == values[0] }
        }
        guard let first = constant.first else { return nil }
        return Finding(
            kind: .constantRows, severity: .error,
            sentence:
                "\(constant.count) of \(rows) rows hold one value throughout, \(values(of: first)[0]) in the first of them.",
            firstPlace: [first, 0], count: constant.count,
            remedy: "Write each token's own loss: such a row was never filled, or holds a mean.")
    }

    /// Equal losses under other tokens can't be; under the same tokens the text repeats itself.
    func repeatedRows() -> Finding? {
        var firstWith: [[Float]: Int] = [:]
        var repeats: [(row: Int, first: Int)] = []
        for row in 0..<rows {
            let values = values(of: row)
            guard values.count >= Self.shortestRow, values.contains(where: { $0 != values[0] }) else { continue }
            if let first = firstWith[values] { repeats.append((row, first)) } else { firstWith[values] = row }
        }
        guard let any = repeats.first else { return nil }
        let impossible = repeats.first { !haveEqualTokens($0.row, $0.first) }
        let (row, first) = impossible ?? any
        return Finding(
            kind: .repeatedRows, severity: impossible == nil ? .warning : .error,
            sentence: "\(repeats.count) of \(rows) rows repeat the losses of an earlier row, such as row \(row) those of \(first)"
                + (impossible == nil ? "." : ", though their tokens differ."),
            firstPlace: [row, 0], count: repeats.count,
            remedy: impossible == nil
                ? "Look whether a batch was written twice, or whether the text says the same twice."
                : "Write each batch's losses to its own rows: here one was written over another's place.")
    }

    /// Fewer losses are too few to call a row constant or a repetition.
    private static var shortestRow: Int { 8 }

    private func values(of row: Int) -> [Float] { counted(in: row).map { losses.losses[$0] } }

    /// True where there are no token ids to say otherwise.
    private func haveEqualTokens(_ first: Int, _ second: Int) -> Bool {
        guard let ids = losses.inputIDs else { return true }
        return ids[first * positions..<(first + 1) * positions].elementsEqual(
            ids[second * positions..<(second + 1) * positions])
    }

    /// An error of all losses that count and are so.
    private func finding(_ kind: Kind, _ what: String, remedy: String, where isSo: (Float) -> Bool) -> Finding? {
        let places = losses.mask.indices.filter { losses.mask[$0] && isSo(losses.losses[$0]) }
        guard let first = places.first else { return nil }
        return Finding(
            kind: kind, severity: .error, sentence: "\(places.count) of \(tokens) \(what)", firstPlace: place(first),
            count: places.count, remedy: remedy)
    }
}
