import RunRecords

/// How each held-out token's loss went over the checkpoints of a run: the four categories of Lin et al. 2024
/// (arXiv:2404.07965, section 2.1 and appendix).
///
/// A least-squares line goes through a token's losses; ΔL is what the line rises from the first checkpoint to the last.
/// ΔL under −0.2 nats is `highToLow`, over 0.2 `lowToHigh`. A token between the two hardly moved: it is `lowToLow` where its
/// last loss is at or under the mean of all tokens' last losses, else `highToHigh`.
public struct TokenCategories: Sendable, Equatable {
    public enum Category: String, Sendable, CaseIterable, Codable {
        case highToHigh = "H→H"
        case lowToHigh = "L→H"
        case highToLow = "H→L"
        case lowToLow = "L→L"
    }

    /// `[rows, positions]`; `nil` where the mask leaves a token out.
    public let categories: [Category?]
    /// `[rows, positions]`: ΔL in nats. Meaningless where the category is `nil`.
    public let changes: [Float]
    private let last: TokenLosses

    /// - Parameters:
    ///   - checkpoints: losses of the same tokens, the earliest first.
    ///   - abscissae: where the checkpoints lie, ascending, such as tokens seen; `nil` for equal distances.
    ///   - threshold: in nats.
    /// - Throws: an `AnalysisError` where there are fewer than two checkpoints or they are not of the same tokens.
    public init(checkpoints: [TokenLosses], at abscissae: [Double]? = nil, threshold: Float = 0.2) throws {
        guard let first = checkpoints.first, let last = checkpoints.last, checkpoints.count > 1 else {
            throw AnalysisError.tooFewCheckpoints(checkpoints.count)
        }
        let x = abscissae ?? checkpoints.indices.map(Double.init)
        guard x.count == checkpoints.count else {
            throw AnalysisError.wrongCount(what: "the checkpoints' places", found: x.count, expected: checkpoints.count)
        }
        for other in checkpoints.dropFirst() { try first.checkAgreement(with: other) }
        let mean = Float(try LossSummary(last).loss)
        // The line's rise over the span is a weighted sum of the losses, with weights that all tokens share.
        let rises = x.indices.map { place in
            LeastSquares(x: x, y: x.indices.map { $0 == place ? 1 : 0 }).slope * (x.last! - x[0])
        }
        var categories: [Category?] = []
        var changes: [Float] = []
        for index in first.mask.indices {
            guard first.mask[index] else {
                categories.append(nil)
                changes.append(.nan)
                continue
            }
            let change = Float(zip(rises, checkpoints).reduce(0.0) { $0 + $1.0 * Double($1.1.losses[index]) })
            changes.append(change)
            categories.append(
                change < -threshold
                    ? .highToLow
                    : change > threshold ? .lowToHigh : last.losses[index] <= mean ? .lowToLow : .highToHigh)
        }
        (self.categories, self.changes, self.last) = (categories, changes, last)
    }

    public func count(_ category: Category) -> Int { categories.reduce(0) { $0 + ($1 == category ? 1 : 0) } }

    /// Of the tokens that count.
    public func share(_ category: Category) -> Double { Double(count(category)) / Double(last.count) }

    /// 1 where a token is of this category: what a `PairedDifference` of shares is made of.
    public func indicator(_ category: Category) -> TokenLosses {
        var indicator = last
        indicator.losses = categories.map { $0 == category ? 1 : 0 }
        return indicator
    }
}
