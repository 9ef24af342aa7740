import Testing
import Torch

/// Which values are dropped, how many, and that it depends on nothing but key, row and column.
@Suite struct DropoutTests {
    private func mask(_ rows: Int, _ width: Int, _ dropout: Dropout, _ dtype: DType = .float32) -> Tensor {
        RowKernels.dropped(.full([rows, width], 1, dtype: dtype), dropout)
    }

    /// The count is binomial: within five standard deviations of what is asked for; what stays keeps the expectation.
    @Test(arguments: [0.05, 0.5, 0.9]) func dropsAsManyAsAskedFor(_ probability: Double) {
        let values: [Float] = mask(400, 576, Dropout(probability: probability, key: 3)).values()
        let dropped = Double(values.count { $0 == 0 })
        let (expected, deviation) = (probability * 230_400, (230_400 * probability * (1 - probability)).squareRoot())
        #expect(abs(dropped - expected) < 5 * deviation, "\(dropped) of 230,400")
        #expect(values.allSatisfy { $0 == 0 || abs(Double($0) * (1 - probability) - 1) < 1e-4 })
    }

    @Test func nothingIsDroppedWithoutProbability() {
        #expect(mask(3, 7, Dropout(probability: 0, key: 1)).values(Float.self).allSatisfy { $0 == 1 })
    }

    /// Neighbours, columns that share a word, rows, and the masks of another key or stream are independent: they agree as often as
    /// chance has it.
    @Test func masksAreIndependent() {
        let dropout = Dropout(probability: 0.5, key: 12)
        func isKept(_ dropout: Dropout) -> [Bool] { mask(400, 576, dropout).values(Float.self).map { $0 != 0 } }
        let one = isKept(dropout)
        func agreement(_ other: [Bool], shift: Int = 0) -> Double {
            let pairs = zip(one.dropFirst(shift), other)
            return Double(pairs.count { $0 == $1 }) / Double(one.count - shift)
        }
        for shift in [1, 2, 16, 32, 576, 592] { #expect(abs(agreement(one, shift: shift) - 0.5) < 0.006, "shift \(shift)") }
        for other in [Dropout(probability: 0.5, key: 13), dropout.stream(0), dropout.stream(1)] {
            #expect(abs(agreement(isKept(other)) - 0.5) < 0.006)
        }
        #expect(agreement(isKept(Dropout(probability: 0.5, key: 12))) == 1)
    }

    /// A rank with the lower half of a batch drops what one process would have dropped there; so does every type.
    @Test func aPartIsDroppedAsInTheWhole() {
        let whole: [Float] = mask(6, 33, Dropout(probability: 0.4, key: 5)).values()
        let lower: [Float] = mask(3, 33, Dropout(probability: 0.4, key: 5, firstRow: 3)).values()
        #expect(lower == Array(whole[(3 * 33)...]))
        let inDouble: [Double] = mask(6, 33, Dropout(probability: 0.4, key: 5), .float64).values()
        #expect(inDouble.map { $0 == 0 } == whole.map { $0 == 0 })
    }
}
