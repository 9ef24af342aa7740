/// How far two selections of the same blocks agree: tokens in both over tokens in either (Jaccard), beside what two
/// random selections with the same counts in each block would reach.
public struct SelectionOverlap: Sendable, Hashable {
    /// Blocks compared.
    public var visits: Int
    public var jaccard: Double
    /// The expected intersection over the expected union: k₁k₂/n tokens of a block with n targets are in both by chance.
    public var expected: Double

    /// Two runs, where they saw the same block in the same step.
    ///
    /// - Throws: `AnalysisError.nothingCounts` where they never did, as on different texts, or where none selects anything.
    public init(_ first: SelectionTrace, _ second: SelectionTrace) throws {
        struct Place: Hashable { let step, block: Int }
        guard first.numbersBlocks(as: second) else { throw AnalysisError.nothingCounts("two selections of different texts") }
        let others = Dictionary(second.visits.map { (Place(step: $0.step, block: $0.block), $0) }) { first, _ in first }
        try self.init(
            first.visits.compactMap { visit in
                others[Place(step: visit.step, block: visit.block)].map { (visit.selected, $0.selected) }
            })
    }

    /// One run's stability: each block that it saw again, against the time before.
    public init(repeatsIn trace: SelectionTrace) throws {
        var seen: [Int: [Bool]] = [:]
        try self.init(
            trace.visits.compactMap { visit in
                let before = seen.updateValue(visit.selected, forKey: visit.block)
                return before.map { ($0, visit.selected) }
            })
    }

    /// - Throws: `AnalysisError.nothingCounts` where there is no pair, or none selects anything.
    private init(_ pairs: [([Bool], [Bool])]) throws {
        var (both, either, expectedBoth, total) = (0, 0, 0.0, 0)
        for (first, second) in pairs {
            guard first.count == second.count else {
                throw AnalysisError.wrongCount(what: "a block", found: second.count, expected: first.count)
            }
            let counts = [first, second].map { $0.reduce(0) { $0 + ($1 ? 1 : 0) } }
            both += zip(first, second).reduce(0) { $0 + ($1.0 && $1.1 ? 1 : 0) }
            either += zip(first, second).reduce(0) { $0 + ($1.0 || $1.1 ? 1 : 0) }
            expectedBoth += Double(counts[0] * counts[1]) / Double(first.count - 1)
            total += counts[0] + counts[1]
        }
        guard either > 0 else { throw AnalysisError.nothingCounts("two selections without a common block") }
        visits = pairs.count
        jaccard = Double(both) / Double(either)
        expected = expectedBoth / (Double(total) - expectedBoth)
    }
}
