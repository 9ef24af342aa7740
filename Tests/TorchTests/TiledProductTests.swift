import Testing
import Torch

/// Products by tiles, with what adapters add to them, against libtorch's own in float64.
@Suite struct TiledProductTests {
    private let generator = Generator(seed: 8)

    /// Rows of a wider matrix: they lie at a distance.
    private func random(_ rows: Int, _ columns: Int) -> Tensor {
        generator.normal([rows, columns + 5], dtype: .float32).slice(2..<2 + columns, along: 1)
    }

    private func expectClose(_ found: Tensor, _ expected: Tensor, _ what: String) {
        let (a, b): ([Float], [Double]) = (found.values(), expected.values())
        #expect(found.shape == expected.shape)
        let scale = b.map(abs).max() ?? 0
        // Written so that NaN fails.
        #expect(zip(a, b).allSatisfy { abs(Double($0) - $1) <= 5e-6 * max(scale, 1) }, "\(what), of values up to \(scale)")
    }

    private func wide(_ tensor: Tensor) -> Tensor { tensor.converted(to: .float64) }

    /// Around and across tiles of rows, inputs and outputs, and of threads.
    @Test(arguments: [
        (rows: 32, inputs: 1, outputs: 1), (33, 31, 15), (32, 64, 33), (130, 577, 65), (129, 600, 300), (300, 1200, 130),
        (64, 33, 1200),
    ])
    func areThoseOfLibtorch(_ shape: (rows: Int, inputs: Int, outputs: Int)) {
        let (input, weight) = (random(shape.rows, shape.inputs), random(shape.outputs, shape.inputs))
        let gradient = random(shape.rows, shape.outputs)
        let (forward, backward) = (wide(input).matmul(wide(weight).transpose), wide(gradient).matmul(wide(weight)))
        leaveNaNs(forward.shape, backward.shape)
        expectClose(input.timesTransposed(weight), forward, "forward")
        expectClose(gradient.times(weight), backward, "backward")
        expectClose(input.timesTransposedAtOnce(weight), forward, "at once")
        // Held in bfloat16: a tile of it is widened.
        let held = weight.converted(to: .bfloat16)
        expectClose(input.timesTransposed(held), wide(input).matmul(wide(held).transpose), "forward, bfloat16")
        expectClose(gradient.times(held), wide(gradient).matmul(wide(held)), "backward, bfloat16")
        // A gradient on its side, as autograd hands some on.
        expectClose(gradient.transpose.contiguous().transpose.times(weight), backward, "backward, on its side")
        // A weight on its side has no rows to take tiles of.
        expectClose(input.timesTransposed(weight.transpose.contiguous().transpose), forward, "forward, weight on its side")
    }

    /// Few rows and other arithmetic go to libtorch, all else by tiles, where there are any.
    @Test func manyRowsAreTakenByTiles() {
        func calls(_ rows: Int) -> Set<String> {
            let (input, weight, clock) = (random(rows, 48), random(64, 48), OperatorClock())
            clock.record { _ = input.timesTransposed(weight).times(weight) }
            return Set(clock.totals.keys.map(\.name)).intersection(["denseForward", "denseBackward"])
        }
        #expect(calls(31).isEmpty)
        #expect(calls(32) == (Tensor.hasTiledProducts ? ["denseForward", "denseBackward"] : []))
        #if arch(x86_64)
            // Of the machines that this is built on, all have AVX2.
            #expect(Tensor.hasTiledProducts)
        #endif
    }

    /// What is freed here is handed out again: a sum without its first term would show.
    private func leaveNaNs(_ shapes: [Int]...) { for shape in shapes { _ = Tensor.full(shape, .nan, dtype: .float32) } }

    /// Layers of which some have no adapter, ranks that differ, tiles that reach over two layers; few rows take the way by libtorch.
    @Test(
        arguments: [
            (32, 16, [(5, 2), (7, 3)]), (130, 65, [(150, 16), (3, 4), (129, 16)]), (300, 577, [(200, 16), (64, 1)]),
            (7, 33, [(40, 4), (9, 2)]),
        ], [nil, Dropout(probability: 0.3, key: 2, firstRow: 9)])
    func carryAdapters(_ shape: (rows: Int, inputs: Int, layers: [(outputs: Int, rank: Int)]), _ dropout: Dropout?) {
        let layers = LowRankLayers(shape.layers, inputs: shape.inputs, random: random)
        let width = layers.width
        func group(_ dtype: DType) -> LowRankGroup { layers.group(dtype, dropout: dropout) }
        let (input, weight, gradient) = (
            random(shape.rows, shape.inputs), random(width, shape.inputs), random(shape.rows, width)
        )

        let expected = wide(input).matmul(wide(weight).transpose)
        let expectedLow = group(.float64).addByOperators(to: expected, input: wide(input)).low
        leaveNaNs(expected.shape, expectedLow.shape)
        let (output, activations) = group(.float32).product(input, weight)
        expectClose(output, expected, "output")
        expectClose(activations.low, expectedLow, "low")

        let expectedInput = wide(gradient).matmul(wide(weight))
        let expectedGradients = group(.float64).backwardByOperators(
            wide(gradient), input: wide(input), low: expectedLow, addingTo: expectedInput)
        leaveNaNs(expectedInput.shape, expectedLow.shape)
        let (ofInput, ofMatrices) = group(.float32).backwardProduct(
            gradient, weight, input: input, activations: activations)
        expectClose(ofInput, expectedInput, "gradient of the input")
        for (found, expected) in zip(ofMatrices, expectedGradients) {
            expectClose(found.ofA, expected.ofA, "gradient of A")
            expectClose(found.ofB, expected.ofB, "gradient of B")
        }

        // Of two rows in three, and not in order: what is kept of them goes along.
        let places = Tensor((0..<shape.rows).reversed().filter { $0 % 3 != 1 })
        let some: Tensor = Operator.indexCopyInPlace(Tensor.zeros(gradient.shape), 0, places, gradient.rows(places))
        let expectedOfSome = wide(some).matmul(wide(weight))
        let expectedSome = group(.float64).backwardByOperators(
            wide(some), input: wide(input), low: expectedLow, addingTo: expectedOfSome)
        let (ofSome, ofSomeMatrices) = group(.float32).backwardProduct(
            gradient.rows(places), weight, input: input.rows(places), activations: activations.rows(places))
        expectClose(ofSome, expectedOfSome.rows(places), "gradient of some rows of the input")
        for (found, expected) in zip(ofSomeMatrices, expectedSome) {
            expectClose(found.ofA, expected.ofA, "gradient of A from some rows")
            expectClose(found.ofB, expected.ofB, "gradient of B from some rows")
        }
    }
}
