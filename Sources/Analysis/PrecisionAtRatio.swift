/// Of the tokens that a score puts highest, how many are marked.
public struct PrecisionAtRatio: Sendable, Hashable {
    public var ratio: Double
    /// k = max(1, ⌊ratio · tokens⌋), as a selection counts.
    public var selected: Int
    /// The marked share of the k highest; of equal scores the earlier come first.
    public var precision: Double
    /// The marked share of all tokens: what a blind score reaches.
    public var baseRate: Double
    /// `precision` over `baseRate`; 1 is blind.
    public var lift: Double { precision / baseRate }

    /// - Throws: an `AnalysisError` where nothing is marked or the ratio is none.
    public init(scores: [Float], marked: [Bool], ratio: Double) throws {
        guard ratio > 0, ratio <= 1 else { throw AnalysisError.badRatio(ratio) }
        guard marked.count == scores.count else {
            throw AnalysisError.wrongCount(what: "the marks", found: marked.count, expected: scores.count)
        }
        if let index = scores.firstIndex(where: \.isNaN) {
            throw AnalysisError.notANumber(what: "score", row: 0, position: index)
        }
        let positives = marked.reduce(0) { $0 + ($1 ? 1 : 0) }
        guard positives > 0 else { throw AnalysisError.oneClass(positives: 0, of: marked.count) }
        self.ratio = ratio
        selected = max(1, Int(ratio * Double(scores.count)))
        precision = Double(highest(selected, of: scores).reduce(0) { $0 + (marked[$1] ? 1 : 0) }) / Double(selected)
        baseRate = Double(positives) / Double(marked.count)
    }
}
