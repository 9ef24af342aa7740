import Testing
import Torch

/// The CUDA kernels' own text and the code that launches them, run on the host, against libtorch's operators in float64.
@Suite struct CUDARowKernelTests {
    private let kernels = CUDARowKernels(EmulatedKernels())
    private let generator = Generator(seed: 21)

    /// Rows of a wider matrix, so that a stride differs from a width; `offset` 8 keeps rows at multiples of 16 bytes, 3 does not.
    private func rows(_ count: Int, _ width: Int, offset: Int, _ dtype: DType, scale: Double = 1) -> Tensor {
        (generator.normal([count, width + 2 * offset]) * scale).converted(to: dtype).slice(offset..<offset + width, along: 1)
    }

    /// Float32's rounding of sums of values near 1, or bfloat16's half unit in the last place of the result.
    private func expectClose(_ found: Tensor, _ expected: Tensor, _ what: String) {
        let (a, b): ([Double], [Double]) = (found.values(), expected.values())
        #expect(found.shape == expected.shape)
        let (tolerance, least) = found.dtype == .bfloat16 ? (0x1p-8, 0.01) : (2e-6, 1)
        let worst = zip(a, b).map { abs($0 - $1) / max(abs($1), least) }.max() ?? 0
        #expect(worst <= tolerance, "\(what) in \(found.dtype): \(worst)")
    }

    private func wide(_ tensor: Tensor) -> Tensor { tensor.converted(to: .float64).cloned() }

    /// Widths of one warp and of several, whole packs and odd ones.
    static let cases: [(width: Int, offset: Int, dtype: DType)] = [
        (8, 8, .float32), (576, 8, .float32), (37, 3, .float32), (64, 3, .bfloat16), (576, 8, .bfloat16), (4160, 8, .bfloat16),
        (130, 1, .bfloat16),
    ]

    @Test(arguments: cases, [false, true]) func rmsNorm(_ shape: (width: Int, offset: Int, dtype: DType), adds: Bool) {
        let x = rows(3, shape.width, offset: shape.offset, shape.dtype)
        let residual = adds ? rows(3, shape.width, offset: 0, shape.dtype) : nil
        let weight = generator.normal([shape.width]).converted(to: shape.dtype)
        // The sum is rounded as it is written, and the rounded one is normalized.
        let sum = (residual.map { (x.converted(to: .float32) + $0.converted(to: .float32)) } ?? x).converted(to: shape.dtype)
        let expected = RowOperators.rmsNorm(wide(sum), weight: wide(weight), epsilon: 1e-5)
        let (normalized, factor) = kernels.rmsNorm(x, weight: weight, epsilon: 1e-5, adding: residual)
        expectClose(normalized, expected.normalized, "normalized")
        expectClose(factor, expected.factor, "factor")
        #expect(x.values(Float.self) == sum.values(Float.self))

        let gradient = rows(3, shape.width, offset: shape.offset, shape.dtype)
        let found = kernels.rmsNormBackward(gradient, x: x, weight: weight, factor: factor, adding: residual)
        let slope = RowOperators.rmsNormBackward(
            wide(gradient), x: wide(x), weight: wide(weight), factor: expected.factor, adding: residual.map(wide))
        expectClose(found, slope, "gradient")
    }

    @Test(arguments: cases) func swiGLU(_ shape: (width: Int, offset: Int, dtype: DType)) {
        let gateUp = rows(2, 2 * shape.width, offset: shape.offset, shape.dtype, scale: 3)
        let gradient = rows(2, shape.width, offset: shape.offset, shape.dtype)
        expectClose(kernels.swiGLU(gateUp), RowOperators.swiGLU(wide(gateUp)), "product")
        expectClose(
            kernels.swiGLUBackward(gradient, gateUp: gateUp), RowOperators.swiGLUBackward(wide(gradient), gateUp: wide(gateUp)),
            "gradient")
    }

    /// The card drops what the host drops.
    @Test(arguments: cases, [0, 0.05, 0.9]) func dropout(_ shape: (width: Int, offset: Int, dtype: DType), probability: Double) {
        let x = rows(3, shape.width, offset: shape.offset, shape.dtype)
        let dropout = Dropout(probability: probability, key: 77, firstRow: 5)
        expectClose(kernels.dropped(x, dropout), RowKernels.dropped(wide(x), dropout), "dropped")
        // A key that is read where it lies, all of whose bits count.
        let key = UInt64.max - 76
        let placed = Dropout(probability: probability, keyIn: Tensor([Int64(bitPattern: key)])).stream(3)
        let known = Dropout(probability: probability, key: key).stream(3)
        expectClose(kernels.dropped(x, placed), RowKernels.dropped(wide(x), known), "dropped by a placed key")
        #expect(RowKernels.dropped(wide(x), placed).values(Double.self) == RowKernels.dropped(wide(x), known).values())
    }

    @Test(arguments: [(64, 9, 8, false), (64, 9, 8, true), (16, 3, 8, true), (10, 4, 1, false)], [DType.float32, .bfloat16])
    func rotate(_ shape: (size: Int, heads: Int, offset: Int, inverse: Bool), dtype: DType) {
        let inverse = shape.inverse
        let (positions, blocks) = (5, 2)
        let angles = generator.uniform([positions, shape.size / 2], dtype: .float32) * 6.3
        let whole = Tensor.concatenated([angles, angles], along: 1)
        let (cosine, sine): (Tensor, Tensor) = (Operator("aten::cos")(whole), Operator("aten::sin")(whole))
        let found = rows(positions * blocks, shape.heads * shape.size, offset: shape.offset, dtype)
        let expected = wide(found)
        RowOperators.rotate(expected, cosine: wide(cosine), sine: wide(sine), inverse: inverse)
        kernels.rotate(found, cosine: cosine, sine: sine, inverse: inverse)
        expectClose(found, expected, "turned")
    }

    @Test(arguments: [(3, 40, 8), (2, 4096, 8), (4, 997, 3)], [DType.float32, .bfloat16])
    func crossEntropy(_ shape: (rows: Int, classes: Int, offset: Int), dtype: DType) {
        let logits = rows(shape.rows, shape.classes, offset: shape.offset, dtype, scale: 5)
        let targets = Tensor((0..<shape.rows).map { ($0 * 31 + 2) % shape.classes })
        let expected = RowOperators.crossEntropy(wide(logits), targets: targets, entropy: true)
        let found = kernels.crossEntropy(logits, targets: targets, entropy: true)
        expectClose(found.loss, expected.loss, "loss")
        expectClose(found.normalizer, expected.normalizer, "log Z")
        expectClose(found.entropy!, expected.entropy!, "entropy")
        #expect(kernels.crossEntropy(logits, targets: targets, entropy: false).entropy == nil)

        // One target is in another part of the classes.
        let shifted = targets - Tensor(scalar: 5)
        let slope = wide(logits)
        RowOperators.crossEntropyBackward(slope, targets: shifted, normalizer: expected.normalizer)
        kernels.crossEntropyBackward(logits, targets: shifted, normalizer: found.normalizer)
        expectClose(logits, slope, "gradient")
    }

    /// What no data should hold, and what must not become a number unseen.
    @Test func extremes() {
        let logits = Tensor([1000, -1000, 0, -1e30, 88, -88] as [Float], shape: [2, 3])
        let measured = kernels.crossEntropy(logits, targets: Tensor([1, 1]), entropy: true)
        #expect(measured.loss.values(Float.self) == [2000, 0])
        #expect(measured.entropy!.values(Float.self).allSatisfy { abs($0) < 1e-6 })
        let foreign = kernels.crossEntropy(logits, targets: Tensor([3, -1]), entropy: false)
        #expect(foreign.loss.values(Float.self).allSatisfy { $0.isNaN })
        let broken = Tensor([Float.nan, 1, 2, 3], shape: [1, 4]).converted(to: .bfloat16)
        #expect(kernels.swiGLU(broken).values(Float.self)[0].isNaN)
    }
}
