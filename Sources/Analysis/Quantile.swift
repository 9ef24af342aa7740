/// The `q` quantile by linear interpolation, to the last bit what `torch.quantile` gives for float32 on a CPU with FMA.
///
/// The rank is `Float(q) · (n − 1)`, rounded to float32. Between two neighbours the interpolation is torch's `lerp`: from
/// the nearer end, in one fused multiply-add, so that a weight of 0 or 1 gives the neighbour itself. Past 2²⁴ values a
/// float32 can't count any more, and torch refuses (`quantile() input tensor is too large`): there the rank is taken in
/// float64.
///
/// - Parameters:
///   - values: in any order, at least one, none of them NaN.
///   - q: 0…1.
public func quantile(_ values: [Float], _ q: Double) throws -> Float {
    guard (0...1).contains(q) else { throw AnalysisError.badQuantile(q) }
    guard !values.isEmpty else { throw AnalysisError.nothingCounts("quantile") }
    let sorted = values.sorted()
    let last = sorted.count - 1
    let below: Int
    let weight: Float
    if sorted.count <= 1 << 24 {
        let rank = Float(q) * Float(last)
        below = Int(rank)
        weight = rank - Float(below)
    } else {
        let rank = q * Double(last)
        below = Int(rank)
        weight = Float(rank - Double(below))
    }
    let above = weight > 0 ? below + 1 : below
    return interpolate(sorted[below], sorted[above], weight)
}

/// `at::lerp` in float32.
private func interpolate(_ start: Float, _ end: Float, _ weight: Float) -> Float {
    // Equal ends of infinite loss must not become ∞ − ∞.
    if start == end { return start }
    return weight < 0.5 ? start.addingProduct(weight, end - start) : end.addingProduct(weight - 1, end - start)
}
