import Testing
import Torch

/// What stands in for the kernels, against the host's kernels in float64.
@Suite struct RowOperatorTests {
    private let generator = Generator(seed: 8)

    private func random(_ shape: [Int], scale: Double = 1) -> Tensor { generator.normal(shape, dtype: .float64) * scale }

    private func expectClose(_ left: Tensor, _ right: Tensor, _ what: String) {
        let (a, b): ([Double], [Double]) = (left.values(), right.values())
        #expect(left.shape == right.shape && !a.isEmpty)
        let worst = zip(a, b).map { abs($0 - $1) / max(1, abs($1)) }.max() ?? .infinity
        #expect(worst < 1e-12, "\(what): \(worst)")
    }

    @Test(arguments: [false, true]) func rmsNorm(adds: Bool) {
        let (x, weight, gradient) = (random([5, 24]), random([24]), random([5, 24]))
        let residual = adds ? random([5, 24]) : nil
        let copy = x.cloned()
        let (normalized, factor) = RowOperators.rmsNorm(x, weight: weight, epsilon: 1e-5, adding: residual)
        let expected = RowKernels.rmsNorm(copy, weight: weight, epsilon: 1e-5, adding: residual)
        expectClose(x, copy, "sum")
        expectClose(normalized, expected.normalized, "normalized")
        expectClose(factor, expected.factor, "factor")
        expectClose(
            RowOperators.rmsNormBackward(gradient, x: x, weight: weight, factor: factor, adding: residual),
            RowKernels.rmsNormBackward(gradient, x: x, weight: weight, factor: factor, adding: residual), "gradient")
    }

    @Test func swiGLU() {
        let (gateUp, gradient) = (random([4, 34], scale: 3), random([4, 17]))
        expectClose(RowOperators.swiGLU(gateUp), RowKernels.swiGLU(gateUp), "product")
        expectClose(
            RowOperators.swiGLUBackward(gradient, gateUp: gateUp), RowKernels.swiGLUBackward(gradient, gateUp: gateUp), "gradient"
        )
    }

    /// There is no kernel to hold it against: libtorch differentiates its own operators.
    @Test func geGLU() throws {
        let (gateUp, gradient) = (random([4, 34], scale: 3), random([4, 17]))
        let leaf = gateUp.cloned()
        leaf.requiresGradient = true
        let parts = leaf.split([17, 17], along: 1)
        let expected = (Operator.gelu(parts[0], approximate: "tanh") as Tensor) * parts[1]
        try expected.backward(gradient: gradient)
        expectClose(RowOperators.geGLU(gateUp), expected.detached(), "product")
        expectClose(RowOperators.geGLUBackward(gradient, gateUp: gateUp), try #require(leaf.gradient), "gradient")
    }

    /// Columns of a wider matrix, turned where they are.
    @Test(arguments: [false, true]) func rotate(inverse: Bool) {
        let (whole, angles) = (random([6, 30]), random([3, 4]))
        let copy = whole.cloned()
        let table = Tensor.concatenated([angles, angles], along: 1)
        let (cosine, sine): (Tensor, Tensor) = (Operator("aten::cos")(table), Operator("aten::sin")(table))
        RowOperators.rotate(whole.slice(0..<24, along: 1), cosine: cosine, sine: sine, inverse: inverse)
        RowKernels.rotate(copy.slice(0..<24, along: 1), cosine: cosine, sine: sine, inverse: inverse)
        expectClose(whole, copy, "turned")
    }

    @Test(arguments: [(1, 9, nil), (2, 33, nil), (2, 33, 5), (1, 9, 1)], [(4, 2, 8), (3, 1, 5), (2, 2, 16)])
    func attention(_ size: (batch: Int, length: Int, window: Int?), _ heads: (count: Int, keyValues: Int, size: Int)) {
        let qkv = random([size.batch * size.length, (heads.count + 2 * heads.keyValues) * heads.size])
        let gradient = random([size.batch * size.length, heads.count * heads.size])
        let shape = AttentionShape(
            heads: heads.count, keyValueHeads: heads.keyValues, length: size.length, window: size.window, qkv)
        let (output, normalizer) = RowOperators.attention(qkv, shape)
        let (expected, kept) = RowKernels.attention(
            qkv, heads: heads.count, keyValueHeads: heads.keyValues, length: size.length, window: size.window)
        expectClose(output, expected, "output")
        expectClose(
            RowOperators.attentionBackward(gradient, qkv: qkv, output: output, normalizer: normalizer, shape),
            RowKernels.attentionBackward(
                gradient, qkv: qkv, output: expected, normalizer: kept, heads: heads.count, keyValueHeads: heads.keyValues,
                length: size.length, window: size.window), "gradient")
    }
}
