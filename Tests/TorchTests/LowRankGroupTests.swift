import Testing
import Torch

/// Adapters of layers that share an input: the kernels against libtorch's operators in float64, on slices of wider matrices.
@Suite struct LowRankGroupTests {
    private let generator = Generator(seed: 4)

    private func random(_ rows: Int, _ columns: Int) -> Tensor {
        generator.normal([rows, columns + 5], dtype: .float64).slice(2..<2 + columns, along: 1)
    }

    private func expectClose(_ found: Tensor, _ expected: Tensor, _ tolerance: Double, _ what: String) {
        let (a, b): ([Double], [Double]) = (found.values(), expected.values())
        #expect(found.shape == expected.shape)
        let scale = b.map(abs).max() ?? 0
        let worst = zip(a, b).map { abs($0 - $1) }.max() ?? 0
        #expect(worst <= tolerance * max(scale, 1), "\(what): \(worst) at values up to \(scale)")
    }

    /// Sizes around and across tiles and chunks, ranks that differ, layers without an adapter between.
    @Test(
        arguments: [
            (1, 1, [(1, 1)]), (3, 16, [(5, 2), (7, 3)]), (64, 64, [(64, 16)]), (65, 130, [(66, 16), (3, 4), (129, 16)]),
            (300, 577, [(200, 16), (64, 1)]),
        ],
        [
            (DType.float64, nil), (.float64, Dropout(probability: 0.3, key: 2)), (.float32, nil),
            (.float32, Dropout(probability: 0.1, key: 3, firstRow: 9)),
        ])
    func agreesWithOperators(
        _ shape: (rows: Int, inputs: Int, layers: [(outputs: Int, rank: Int)]), _ kind: (dtype: DType, dropout: Dropout?)
    ) {
        let tolerance = kind.dtype == .float64 ? 1e-12 : 2e-5
        let layers = LowRankLayers(shape.layers, inputs: shape.inputs, random: random)
        let width = layers.width
        func group(_ dtype: DType) -> LowRankGroup { layers.group(dtype, dropout: kind.dropout) }
        let (input, output, gradient) = (random(shape.rows, shape.inputs), random(shape.rows, width), random(shape.rows, width))
        let inputGradient = random(shape.rows, shape.inputs)

        let (expected, expectedInput) = (output.cloned(), inputGradient.cloned())
        let byOperators = group(.float64).addByOperators(to: expected, input: input)
        let expectedLow = byOperators.low
        #expect(byOperators.areByRow == (kind.dropout == nil))
        let expectedGradients = group(.float64).backwardByOperators(
            gradient, input: input, low: expectedLow, addingTo: expectedInput)

        func typed(_ tensor: Tensor) -> Tensor { tensor.converted(to: kind.dtype) }
        let (found, foundInput) = (typed(output).cloned(), typed(inputGradient).cloned())
        let activations = group(kind.dtype).add(to: found, input: typed(input))
        expectClose(found, expected, tolerance, "output")
        expectClose(activations.low, expectedLow, tolerance, "low")
        for addingTo in [nil, foundInput] {
            let gradients = group(kind.dtype).backward(
                typed(gradient), input: typed(input), activations: activations, addingTo: addingTo)
            for (found, expected) in zip(gradients, expectedGradients) {
                expectClose(found.ofA, expected.ofA, tolerance, "gradient of A")
                expectClose(found.ofB, expected.ofB, tolerance, "gradient of B")
            }
        }
        expectClose(foundInput, expectedInput, tolerance, "gradient of the input")
    }

    @Test(arguments: [nil, Dropout(probability: 0.3, key: 2)]) func noRowsGiveNoGradient(dropout: Dropout?) {
        let group = LowRankGroup(
            [.init(a: random(2, 3), b: random(4, 2), columns: 0..<4, stream: 0)], scale: 1, dropout: dropout)
        let (input, gradient) = (random(0, 3), random(0, 4))
        let activations = group.add(to: random(0, 4), input: input)
        let found = group.backward(gradient, input: input, activations: activations, addingTo: random(0, 3))[0]
        #expect(found.ofA.values(Double.self).allSatisfy { $0 == 0 } && found.ofB.values(Double.self).allSatisfy { $0 == 0 })
    }
}
