import Checkpoints

/// The factors of `scale·B·A − scale₀·B₀·A₀` in float64, without the matrix itself.
///
/// Where the ranks agree it is `(scale·B − scale₀·B₀)·A + scale₀·B₀·(A − A₀)`: two small products. The other way
/// round, a small difference of two large products, loses the digits that a short training changed.
struct DifferenceFactors {
    /// `[rank, outputSize]`: B transposed, so that a column of it lies in a row.
    private let columns: [[Double]]
    /// `[rank, inputSize]`.
    private let rows: [[Double]]

    /// - Parameter start: what is subtracted; `nil` for nothing.
    init(_ pair: LowRankPair, scale: Double, from start: (pair: LowRankPair, scale: Double)?) {
        let (b, a) = (Self.columns(pair, scale), Self.rows(pair))
        guard let start else {
            (columns, rows) = (b, a)
            return
        }
        let (b0, a0) = (Self.columns(start.pair, start.scale), Self.rows(start.pair))
        if pair.rank == start.pair.rank {
            columns = zip(b, b0).map { zip($0, $1).map { $0 - $1 } } + b0
            rows = a + zip(a, a0).map { zip($0, $1).map { $0 - $1 } }
        } else {
            columns = b + b0.map { $0.map { -$0 } }
            rows = a + a0
        }
    }

    /// ⟨B₁A₁, B₂A₂⟩ = tr((B₁ᵀB₂)(A₂A₁ᵀ)) = Σᵢⱼ ⟨B₁ column i, B₂ column j⟩ ⟨A₁ row i, A₂ row j⟩.
    func inner(_ other: DifferenceFactors) -> Double {
        var sum = 0.0
        for i in rows.indices {
            for j in other.rows.indices {
                sum += dot(columns[i], other.columns[j]) * dot(rows[i], other.rows[j])
            }
        }
        return sum
    }

    /// Each column of scale·B.
    private static func columns(_ pair: LowRankPair, _ scale: Double) -> [[Double]] {
        (0..<pair.rank).map { column in
            (0..<pair.outputSize).map { scale * Double(pair.b[$0 * pair.rank + column]) }
        }
    }

    /// Each row of A.
    private static func rows(_ pair: LowRankPair) -> [[Double]] {
        (0..<pair.rank).map { row in
            pair.a[row * pair.inputSize..<(row + 1) * pair.inputSize].map(Double.init)
        }
    }
}
