import Testing
import Torch

/// Attention against libtorch's operators in float64.
@Suite struct RowKernelTests {
    private let generator = Generator(seed: 4)

    private func random(_ shape: [Int]) -> Tensor { generator.normal(shape, dtype: .float64) }

    private func expectClose(_ left: Tensor, _ right: Tensor, _ tolerance: Double, _ what: String) {
        let (a, b): ([Double], [Double]) = (left.values(), right.values())
        #expect(left.shape == right.shape)
        let scale = b.map(abs).max() ?? 0
        let worst = zip(a, b).map { abs($0 - $1) }.max() ?? 0
        #expect(worst <= tolerance * max(scale, 1), "\(what): \(worst) at values up to \(scale)")
    }

    /// Lengths within a block, at its edge and across; grouped and ungrouped heads.
    @Test(
        arguments: [(1, 2), (2, 7), (1, 64), (2, 65), (1, 150)], [(4, 2, 8), (3, 1, 5), (2, 2, 16)])
    func attention(_ shape: (batch: Int, length: Int), _ heads: (count: Int, keyValues: Int, size: Int)) throws {
        try expectAttention(shape, heads, window: nil)
    }

    /// Windows of one row, shorter than a block of queries, as long as one, longer, and longer than the text.
    @Test(arguments: [(7, 1), (65, 3), (150, 20), (150, 64), (200, 100), (9, 9), (9, 1000)], [(4, 2, 8), (3, 1, 5)])
    func windowedAttention(_ shape: (length: Int, window: Int), _ heads: (count: Int, keyValues: Int, size: Int)) throws {
        try expectAttention((2, shape.length), heads, window: shape.window)
    }

    private func expectAttention(
        _ shape: (batch: Int, length: Int), _ heads: (count: Int, keyValues: Int, size: Int), window: Int?
    ) throws {
        let width = (heads.count + 2 * heads.keyValues) * heads.size
        let qkv = random([shape.batch * shape.length, width]) * 2
        let outer = random([shape.batch * shape.length, heads.count * heads.size])

        let leaf = qkv.cloned()
        leaf.requiresGradient = true
        let parts = leaf.split([heads.count, heads.keyValues, heads.keyValues].map { $0 * heads.size }, along: 1)
        let (queries, keys, values) = (
            separate(parts[0], heads.count, shape), separate(parts[1], heads.keyValues, shape),
            separate(parts[2], heads.keyValues, shape)
        )
        let mask = window.map { window in
            let seen = (0..<shape.length).flatMap { row in (0..<shape.length).map { $0 <= row && row - $0 < window } }
            return Tensor(seen, shape: [shape.length, shape.length])
        }
        let attended: Tensor = Operator.attention(
            queries, keys, values, attn_mask: mask, is_causal: mask == nil, enable_gqa: true)
        let expected = attended.transposed(1, 2).reshaped([shape.batch * shape.length, heads.count * heads.size])
        try expected.backward(gradient: outer)
        let gradient = try #require(leaf.gradient)

        for (dtype, tolerance) in [(DType.float64, 1e-12), (.float32, 1e-5)] {
            let input = qkv.converted(to: dtype)
            let (output, softmax) = RowKernels.attention(
                input, heads: heads.count, keyValueHeads: heads.keyValues, length: shape.length, window: window)
            expectClose(output, expected.detached(), tolerance, "output in \(dtype)")
            let found = RowKernels.attentionBackward(
                outer.converted(to: dtype), qkv: input, output: output, normalizer: softmax, heads: heads.count,
                keyValueHeads: heads.keyValues, length: shape.length, window: window)
            expectClose(found, gradient, tolerance, "gradient in \(dtype)")
        }
    }

    private func separate(_ rows: Tensor, _ count: Int, _ shape: (batch: Int, length: Int)) -> Tensor {
        rows.reshaped([shape.batch, shape.length, count, rows.size(1) / count]).transposed(1, 2)
    }
}
