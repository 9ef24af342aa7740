import RunRecords

extension TokenLosses {
    /// Checks that two sets of losses are of the same tokens and that every loss that counts is a number.
    ///
    /// - Throws: an `AnalysisError` that names the first difference. Token ids are compared where both sides have them.
    func checkAgreement(with variant: TokenLosses) throws {
        guard rows == variant.rows, positions == variant.positions else {
            throw AnalysisError.differentShapes(first: [rows, positions], second: [variant.rows, variant.positions])
        }
        for index in mask.indices where mask[index] != variant.mask[index] {
            throw AnalysisError.differentMasks(row: index / positions, position: index % positions)
        }
        if let first = inputIDs, let second = variant.inputIDs {
            for index in first.indices where first[index] != second[index] {
                throw AnalysisError.differentTokens(
                    row: index / positions, position: index % positions, first: first[index], second: second[index])
            }
        }
        try checkNumbers(as: "baseline")
        try variant.checkNumbers(as: "variant")
        guard mask.contains(true) else { throw AnalysisError.nothingCounts("token losses") }
    }

    private func checkNumbers(as what: String) throws {
        for index in losses.indices where mask[index] && losses[index].isNaN {
            throw AnalysisError.notANumber(what: what, row: index / positions, position: index % positions)
        }
    }
}
