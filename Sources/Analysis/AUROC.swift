/// How well a score tells marked tokens from the others: the probability that a marked token scores above an unmarked one,
/// ties counting half (the area under the ROC curve, Mann and Whitney's U over the number of pairs).
///
/// The interval is a percentile bootstrap over blocks, since tokens of one block are damaged together.
public struct AUROC: Sendable, Hashable {
    public var value: Double
    public var lowerBound: Double
    public var upperBound: Double

    /// - Parameters:
    ///   - scores: finite or infinite, not NaN.
    ///   - marked: which tokens the score should put high.
    ///   - blocks: the block that each token is from, any numbers.
    ///   - resamples: draws of as many blocks as there are. A draw that has one class alone is left out.
    /// - Throws: an `AnalysisError` where there is one class only, one block only, or a score is not a number.
    public init(
        scores: [Float], marked: [Bool], blocks: [Int], confidence: Double = 0.95, resamples: Int = 2000, seed: UInt64 = 0
    ) throws {
        let ranking = try ScoreRanking(scores: scores, marked: marked, blocks: blocks)
        value = ranking.area(weights: ranking.once)!
        (lowerBound, upperBound) = try percentileInterval(
            of: ranking.draws(resamples, seed: seed).compactMap { ranking.area(weights: $0) }, confidence)
    }

    /// The area alone.
    public static func value(scores: [Float], marked: [Bool]) throws -> Double {
        let ranking = try ScoreRanking(scores: scores, marked: marked, blocks: [Int](repeating: 0, count: scores.count))
        return ranking.area(weights: ranking.once)!
    }

    /// By how much one score's area exceeds another's on the same tokens. Both are judged on the same draws of blocks, so that
    /// what makes a block hard for both cancels.
    public static func difference(
        _ first: [Float], minus second: [Float], marked: [Bool], blocks: [Int], confidence: Double = 0.95,
        resamples: Int = 2000, seed: UInt64 = 0
    ) throws -> AUROC {
        let first = try ScoreRanking(scores: first, marked: marked, blocks: blocks)
        let second = try ScoreRanking(scores: second, marked: marked, blocks: blocks)
        func difference(_ weights: [Int]) -> Double? {
            first.area(weights: weights).map { $0 - second.area(weights: weights)! }
        }
        let (lower, upper) = try percentileInterval(
            of: first.draws(resamples, seed: seed).compactMap(difference), confidence)
        return AUROC(value: difference(first.once)!, lowerBound: lower, upperBound: upper)
    }

    private init(value: Double, lowerBound: Double, upperBound: Double) {
        (self.value, self.lowerBound, self.upperBound) = (value, lowerBound, upperBound)
    }
}

/// Tokens in the order of their scores, sorted once for all resamples.
private struct ScoreRanking {
    /// By ascending score: the block of each token, and whether it is marked.
    private let block: [Int]
    private let marked: [Bool]
    /// Where a new score begins, and the end.
    private let boundaries: [Int]
    private let blockCount: Int

    init(scores: [Float], marked: [Bool], blocks: [Int]) throws {
        for (what, count) in [("the marks", marked.count), ("the blocks", blocks.count)] where count != scores.count {
            throw AnalysisError.wrongCount(what: what, found: count, expected: scores.count)
        }
        if let index = scores.firstIndex(where: \.isNaN) {
            throw AnalysisError.notANumber(what: "score", row: blocks[index], position: index)
        }
        let positives = marked.reduce(0) { $0 + ($1 ? 1 : 0) }
        guard positives > 0, positives < marked.count else {
            throw AnalysisError.oneClass(positives: positives, of: marked.count)
        }
        var places: [Int: Int] = [:]
        let dense = blocks.map { block in
            let place = places[block] ?? places.count
            places[block] = place
            return place
        }
        let order = scores.indices.sorted { scores[$0] < scores[$1] }
        block = order.map { dense[$0] }
        self.marked = order.map { marked[$0] }
        boundaries = order.indices.filter { $0 == 0 || scores[order[$0]] != scores[order[$0 - 1]] } + [order.count]
        blockCount = places.count
    }

    /// Every block once.
    var once: [Int] { [Int](repeating: 1, count: blockCount) }

    /// How often each block was drawn, a draw at a time.
    func draws(_ resamples: Int, seed: UInt64) throws -> some Sequence<[Int]> {
        guard blockCount > 1 else { throw AnalysisError.tooFewBlocks(blockCount) }
        return (0..<resamples).lazy.map { [blockCount] resample in
            var weights = [Int](repeating: 0, count: blockCount)
            BlockDraw(seed: seed, resample: resample, blocks: blockCount).forEach { weights[$0] += 1 }
            return weights
        }
    }

    /// `nil` where the blocks drawn hold one class alone.
    func area(weights: [Int]) -> Double? {
        // Twice U, in whole numbers: no rounding however many tokens there are.
        var (twice, positives, negatives) = (0, 0, 0)
        for (start, end) in zip(boundaries, boundaries.dropFirst()) {
            var (tiedPositives, tiedNegatives) = (0, 0)
            for place in start..<end {
                let weight = weights[block[place]]
                if marked[place] { tiedPositives += weight } else { tiedNegatives += weight }
            }
            twice += tiedPositives * (2 * negatives + tiedNegatives)
            positives += tiedPositives
            negatives += tiedNegatives
        }
        guard positives > 0, negatives > 0 else { return nil }
        return Double(twice) / 2 / (Double(positives) * Double(negatives))
    }
}
