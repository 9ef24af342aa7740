/// How rows of `(heads + 2 · keyValueHeads) · size` values are read as attention's input.
package struct AttentionShape {
    let heads: Int
    let keyValueHeads: Int
    /// Rows of a sequence.
    let length: Int
    /// Rows that a row sees, itself included; `length` where it sees all before it.
    let window: Int
    /// Values of a head.
    let size: Int
    let batch: Int

    package init(heads: Int, keyValueHeads: Int, length: Int, window: Int? = nil, _ qkv: Tensor) {
        precondition(window ?? 1 > 0, "a row sees itself: a window of \(window ?? 0) rows is too short")
        precondition(
            qkv.size(0) % length == 0 && qkv.size(1) % (heads + 2 * keyValueHeads) == 0 && heads % keyValueHeads == 0,
            "\(qkv) is not sequences of \(length) rows with \(heads) heads on \(keyValueHeads)")
        (self.heads, self.keyValueHeads, self.length) = (heads, keyValueHeads, length)
        self.window = min(window ?? length, length)
        (size, batch) = (qkv.size(1) / (heads + 2 * keyValueHeads), qkv.size(0) / length)
    }

    /// Views of the queries, keys and values, `[B, heads, T, size]` each.
    func parts(_ qkv: Tensor) -> (queries: Tensor, keys: Tensor, values: Tensor) {
        let all = qkv.reshaped([batch, length, heads + 2 * keyValueHeads, size]).transposed(1, 2)
        let parts = all.split([heads, keyValueHeads, keyValueHeads], along: 1)
        return (parts[0], parts[1], parts[2])
    }

    /// `[B, heads, T, size] → [n, heads · size]`
    func rows(_ heads: Tensor) -> Tensor { heads.transposed(1, 2).reshaped([batch * length, -1]) }

    /// `[n, heads · size] → [B, heads, T, size]`, a view where the rows are contiguous.
    func heads(_ rows: Tensor) -> Tensor { rows.reshaped([batch, length, -1, size]).transposed(1, 2) }
}

/// What turns attention's scores into probabilities again in the backward pass, as whoever computed it wants it back.
public struct AttentionNormalizer {
    /// `[n, heads · 2]` of the host’s kernel, `[B, kv, group, T, 1]` of operators, `[B, heads, T]` of flash attention.
    let rows: Tensor
    /// What flash attention hands from its forward to its backward pass; `nil` of others.
    var flash: FlashAttention.State?
}

// Attention by products of whole matrices, which takes `[T, T]` values a head: for the types and devices that have no better.
extension RowOperators {
    package static func attention(
        _ qkv: Tensor, _ shape: AttentionShape
    ) -> (output: Tensor, normalizer: AttentionNormalizer) {
        let (queries, keys, values) = grouped(qkv, shape)
        let scores = scores(queries, keys, shape)
        let normalizer: Tensor = Operator.logSumExp(scores, [-1], true)
        let attended = (scores - normalizer).exponential().matmul(values)  // [B, kv, group, T, size]
        return (shape.rows(flat(attended, shape)).converted(to: qkv.dtype), AttentionNormalizer(rows: normalizer))
    }

    package static func attentionBackward(
        _ gradient: Tensor, qkv: Tensor, output: Tensor, normalizer: AttentionNormalizer, _ shape: AttentionShape
    ) -> Tensor {
        let (queries, keys, values) = grouped(qkv, shape)
        func byGroup(_ rows: Tensor) -> Tensor {
            shape.heads(rows.widened).reshaped([shape.batch, shape.keyValueHeads, -1, shape.length, shape.size])
        }
        let (outer, attended) = (byGroup(gradient), byGroup(output))
        let weights = (scores(queries, keys, shape) - normalizer.rows).exponential()
        let ofWeights = outer.matmul(values.transposed(-1, -2))
        let ofScores =
            weights * (ofWeights - (outer * attended).sum(along: -1, keepingDimension: true))
            * (1 / Double(shape.size).squareRoot())
        let ofQueries = flat(ofScores.matmul(keys), shape)
        // Heads of a group share keys and values.
        func ofShared(_ left: Tensor, _ right: Tensor) -> Tensor { left.transposed(-1, -2).matmul(right).sum(along: 2) }
        let all = Tensor.concatenated([ofQueries, ofShared(ofScores, queries), ofShared(weights, outer)], along: 1)
        return shape.rows(all).converted(to: qkv.dtype)
    }

    /// Queries `[B, kv, group, T, size]`; keys and values `[B, kv, 1, T, size]`.
    private static func grouped(_ qkv: Tensor, _ shape: AttentionShape) -> (queries: Tensor, keys: Tensor, values: Tensor) {
        let (queries, keys, values) = shape.parts(qkv.widened)
        return (
            queries.reshaped([shape.batch, shape.keyValueHeads, -1, shape.length, shape.size]), keys.unsqueezed(2),
            values.unsqueezed(2)
        )
    }

    private static func flat(_ grouped: Tensor, _ shape: AttentionShape) -> Tensor {
        grouped.reshaped([shape.batch, shape.heads, shape.length, shape.size])
    }

    /// `[B, kv, group, T, T]`, −∞ above the diagonal, and below it where the window ends.
    private static func scores(_ queries: Tensor, _ keys: Tensor, _ shape: AttentionShape) -> Tensor {
        func hidden(_ triangle: Operator, _ diagonal: Int) -> Tensor {
            let mask = Tensor.full([shape.length, shape.length], -.infinity, dtype: queries.dtype, on: queries.device)
            triangle(mask, diagonal) as Void
            return mask
        }
        let scores = queries.matmul(keys.transposed(-1, -2)) * (1 / Double(shape.size).squareRoot()) + hidden(.upperTriangle, 1)
        return shape.window < shape.length ? scores + hidden(.lowerTriangle, -shape.window) : scores
    }
}
