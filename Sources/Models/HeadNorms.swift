import Torch

/// A norm for every query head and one for every key head, before they are turned (Henry et al. 2020, arXiv:2010.04245, as Qwen 3
/// has it: root mean square, one weight for all heads of a kind).
struct HeadNorms {
    /// `[headSize]` each.
    let query: RMSNorm
    let key: RMSNorm

    /// What the backward pass needs of queries, then of keys.
    typealias Saved = [(heads: Tensor, factor: Tensor)]

    /// Normalizes the queries and keys of `[N, (heads + 2 · keyValueHeads) · headSize]` where they lie, unrecorded.
    func normalize(_ qkv: Tensor, heads: Int, keyValueHeads: Int) -> Saved {
        columns(of: qkv, heads, keyValueHeads).map { norm, columns in
            let heads = norm.heads(of: columns)
            let (normalized, factor) = norm.kernel(heads)
            columns.assign(normalized.reshaped(columns.shape))
            return (heads, factor)
        }
    }

    /// Turns the gradients of normalized queries and keys into those of the projection's, where they lie.
    func backward(_ gradient: Tensor, _ saved: Saved, heads: Int, keyValueHeads: Int) {
        for ((norm, columns), (heads, factor)) in zip(columns(of: gradient, heads, keyValueHeads), saved) {
            columns.assign(
                norm.kernelBackward(norm.heads(of: columns), x: heads, factor: factor).reshaped(columns.shape))
        }
    }

    private func columns(of rows: Tensor, _ heads: Int, _ keyValueHeads: Int) -> [(RMSNorm, Tensor)] {
        let size = query.weight.count
        let (queries, keys) = (0..<heads * size, heads * size..<(heads + keyValueHeads) * size)
        return [(query, rows.slice(queries, along: 1)), (key, rows.slice(keys, along: 1))]
    }
}

extension RMSNorm {
    /// A copy of columns with a row for each head, `[N, heads · size] → [N · heads, size]`. (Columns of wider rows are never contiguous.)
    fileprivate func heads(of columns: Tensor) -> Tensor { columns.contiguous().reshaped([-1, weight.count]) }
}
