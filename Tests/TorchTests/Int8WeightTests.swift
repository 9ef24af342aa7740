import Testing
import Torch

/// Against the same rounding written with operators, in float64: the sums of int8 products are exact.
@Suite(.enabled(if: Int8Weight.isSupported, "this processor lacks AVX-512 VNNI"))
struct Int8WeightTests {
    /// Whole panels and parts of one, rows left over, inputs that aren't fours, one of each.
    @Test(arguments: [(1, 1, 1), (12, 4, 32), (13, 7, 33), (5, 64, 31), (50, 100, 96), (3, 1536, 65), (7, 129, 40)])
    func productsAreThoseOfTheRoundedNumbers(_ shape: (rows: Int, inputs: Int, outputs: Int)) {
        let input = Generator(seed: 1).normal([shape.rows, shape.inputs])
        let weight = Generator(seed: 2).normal([shape.outputs, shape.inputs])
        let found = product(input, weight)
        let expected = rounded(input).matmul(rounded(weight).transpose)
        let difference = found.converted(to: .float64) - expected
        let scale = largest(expected)
        #expect(largest(difference) <= 1e-6 * scale)
    }

    /// Both roundings together: about a percent for normal numbers.
    @Test func productsAreNearTheExactOnes() {
        let (input, weight) = (Generator(seed: 5).normal([64, 576]), Generator(seed: 6).normal([128, 576]))
        let exact = input.matmul(weight.transpose)
        let difference = product(input, weight) - exact
        let relative = Double((difference * difference).sum().item(Float.self) / (exact * exact).sum().item(Float.self))
            .squareRoot()
        #expect((0.005..<0.02).contains(relative), "\(relative)")
    }

    /// What one scale a row would round away.
    @Test func anOutlierSpoilsItsOwnGroupAlone() {
        let input = Generator(seed: 7).normal([8, 128])
        input.slice(0..<1, along: 1) *= 1000
        let weight = Generator(seed: 8).normal([16, 128])
        weight.slice(0..<64, along: 1) *= 0
        let exact: [Float] = input.matmul(weight.transpose).values()
        let found: [Float] = product(input, weight).values()
        #expect(zip(found, exact).allSatisfy { abs($0 - $1) < 0.5 })
    }

    @Test func aSliceOfColumnsIsFilledAndNothingElse() {
        let (input, weight) = (Generator(seed: 3).normal([20, 24]), Generator(seed: 4).normal([40, 24]))
        let whole = Tensor.full([20, 60], 7)
        Int8Weight(weight).multiply(Int8Weight.Rows(input), into: whole.slice(10..<50, along: 1))
        #expect(whole.slice(10..<50, along: 1).values(Float.self) == product(input, weight).values())
        for range in [0..<10, 50..<60] {
            #expect(whole.slice(range, along: 1).values(Float.self).allSatisfy { $0 == 7 })
        }
    }

    /// A row of zeros is zero; what isn't finite spoils its own row and shows.
    @Test(arguments: [Float.nan, .infinity, -.infinity]) func whatIsNotFiniteStaysSo(_ value: Float) {
        let input = Tensor([0, 0, 0, 1, value, 2, 3, 4, 5], shape: [3, 3])
        let values: [Float] = product(input, Tensor([Float](arrayLiteral: 1, 1, 1, 2, 2, 2), shape: [2, 3])).values()
        #expect(values[0] == 0 && values[1] == 0)
        #expect(!values[2].isFinite && !values[3].isFinite)
        #expect(abs(values[4] - 12) < 0.1 && abs(values[5] - 24) < 0.2)
    }

    private func product(_ input: Tensor, _ weight: Tensor) -> Tensor {
        let result = Tensor.empty([input.size(0), weight.size(0)])
        Int8Weight(weight).multiply(Int8Weight.Rows(input), into: result)
        return result
    }

    /// Every 64 values of a row to the nearest of 255 multiples of the largest over 127, in float64.
    private func rounded(_ rows: Tensor) -> Tensor {
        let width = rows.size(1)
        let values: [Float] = rows.values()
        let groups = stride(from: 0, to: values.count, by: width).flatMap { row in
            stride(from: row, to: row + width, by: 64).map { values[$0..<min($0 + 64, row + width)] }
        }
        let rounded = groups.flatMap { group -> [Double] in
            let scale = group.map(abs).max()! / 127
            return group.map { Double(($0 * (1 / scale)).rounded(.toNearestOrEven)) * Double(scale) }
        }
        return Tensor(rounded, shape: rows.shape)
    }

    private func largest(_ tensor: Tensor) -> Double { tensor.values(Double.self).map(abs).max()! }
}
