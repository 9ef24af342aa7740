import Testing
import Torch

@Suite struct TensorTests {
    @Test func keepsValuesShapesAndTypes() {
        let tensor = Tensor([1, 2, 3, 4, 5, 6] as [Float], shape: [2, 3])
        #expect(tensor.shape == [2, 3])
        #expect(tensor.dtype == .float32)
        #expect(tensor.transpose.values(Float.self) == [1, 4, 2, 5, 3, 6])
        #expect(tensor.converted(to: .int64).values(Int.self) == [1, 2, 3, 4, 5, 6])
        #expect(Tensor(scalar: 2.5).item(Double.self) == 2.5)
        #expect(Tensor([] as [Float], shape: [0, 4]).shape == [0, 4])
    }

    @Test func bfloat16AndFloat16RoundTrip() {
        for dtype in [DType.bfloat16, .float16] {
            let values: [Float] = [0, 1, -2.5, 1024]
            #expect(Tensor(values).converted(to: dtype).values(Float.self) == values)
        }
    }

    @Test func arithmeticBroadcasts() {
        let rows = Tensor([1, 2, 3] as [Float], shape: [3, 1])
        let columns = Tensor([10, 20] as [Float])
        #expect((rows + columns).values(Float.self) == [11, 21, 12, 22, 13, 23])
        #expect((rows * 2.0 - 1.0).values(Float.self) == [1, 3, 5])
        #expect((-rows / Tensor(scalar: Float(2))).values(Float.self) == [-0.5, -1, -1.5])
    }

    @Test func matmulIsTheDefinition() {
        let left = Tensor((0..<6).map(Float.init), shape: [2, 3])
        let right = Tensor((0..<12).map(Float.init), shape: [3, 4])
        var expected: [Float] = []
        for row in 0..<2 {
            for column in 0..<4 {
                var sum: Float = 0
                for inner in 0..<3 { sum += Float(row * 3 + inner) * Float(inner * 4 + column) }
                expected.append(sum)
            }
        }
        #expect(left.matmul(right).values(Float.self) == expected)
    }

    @Test func sortIsStable() {
        let order = Tensor([1, 3, 2, 3, 1, 3] as [Double]).descendingOrder()
        #expect(order.values(Int.self) == [1, 3, 5, 2, 0, 4])
    }

    @Test func splitConcatenateAndSliceAreViewsOfTheSameNumbers() {
        let tensor = Tensor((0..<10).map(Float.init), shape: [2, 5])
        let parts = tensor.split([2, 3], along: 1)
        #expect(parts.map(\.shape) == [[2, 2], [2, 3]])
        #expect(Tensor.concatenated(parts, along: 1).values(Float.self) == tensor.values(Float.self))
        #expect(tensor.slice(1..<2).values(Float.self) == [5, 6, 7, 8, 9])
        #expect(tensor.rows(Tensor([1, 0, 1])).shape == [3, 5])
    }

    @Test func finiteness() {
        #expect(Tensor([1, 2] as [Float]).isAllFinite)
        #expect(!Tensor([1, Float.nan] as [Float]).isAllFinite)
        #expect(!Tensor([-Float.infinity] as [Float]).isAllFinite)
    }
}
