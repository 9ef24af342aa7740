import Testing
import Torch

@Suite struct OperatorTests {
    @Test func errorsKeepLibtorchsSentenceAndNameShapes() throws {
        let (left, right) = (Tensor.zeros([2, 3]), Tensor.zeros([4, 5]))
        let error = try #require(throws: TorchError.self) {
            try Operator.matmul.results(of: ["": left, "": right])
        }
        #expect(error.action == "aten::matmul")
        #expect(error.message.contains("mat1 and mat2 shapes cannot be multiplied (2x3 and 4x5)"))
        #expect(error.description.contains("[2, 3]") && error.description.contains("[4, 5]"))
    }

    @Test func argumentsGoByTheSchemasNames() throws {
        let tensor = Tensor([3, 1, 2] as [Float])
        let (values, order): (Tensor, Tensor) = Operator.sort(tensor, stable: true, descending: true)
        #expect(values.values(Float.self) == [3, 2, 1])
        #expect(order.values(Int.self) == [0, 2, 1])

        let unknown = try #require(throws: TorchError.self) { try Operator.sort.results(of: ["": tensor, "upwards": true]) }
        #expect(unknown.message.contains("no argument 'upwards'"))
        let missing = try #require(throws: TorchError.self) { try Operator.matmul.results(of: ["": tensor]) }
        #expect(missing.message.contains("needs its argument 'other'"))
    }

    @Test func integersAreTakenWhereTheSchemaWantsAFloat() throws {
        // aten::dropout's p is a float: a boxed integer would be refused by the kernel.
        let dropout = Operator("aten::dropout")
        let result: Tensor = dropout(Tensor([1, 2] as [Float]), 0, false)
        #expect(result.values(Float.self) == [1, 2])
    }

    @Test func listsOfTensorsGoInAndComeOut() {
        let tensors = (0..<100).map { Tensor([Float($0), 0]) }
        let norms: [Tensor] = Operator.forEachNorm(tensors, 2)
        #expect(norms.map { $0.item(Float.self) } == (0..<100).map(Float.init))
    }

    @Test func optionalTensorsInAList() {
        let index = Operator("aten::index", "Tensor")
        let matrix = Tensor((0..<6).map(Float.init), shape: [2, 3])
        let columns: [Tensor?] = [nil, Tensor([2, 0])]
        let picked: Tensor = index(matrix, columns)
        #expect(picked.values(Float.self) == [2, 0, 5, 3])
    }
}
