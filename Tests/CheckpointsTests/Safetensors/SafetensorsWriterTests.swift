import Checkpoints
import Foundation
import PeerProcess
import Testing

struct SafetensorsWriterTests {
    let folder = try! TemporaryFolder()

    private func tensor(_ name: String, _ type: ElementType, _ shape: [Int]) -> TensorDescription {
        TensorDescription(name: name, elementType: type, shape: shape)
    }

    @Test func writesWhatTheReferenceReads() throws {
        // Ties between two neighbours, a subnormal, and infinities, besides plain values.
        let floats: [Float] = [1, -2.5, 1.001953125, 1.0029296875, 5.9604645e-8, .infinity]
        try SafetensorsWriter.write(
            [
                (tensor("u8", .uint8, [3]), .integers([0, 7, 255])),
                (tensor("f16", .float16, [2, 3]), .floats(floats)),
                (tensor("i64", .int64, [2]), .integers([.min, .max])),
                (tensor("bf16", .bfloat16, [6]), .floats(floats)),
                (tensor("bool", .bool, [1, 2]), .bools([true, false])),
                (tensor("f32", .float32, [3, 2]), .floats(floats)),
                (tensor("i32", .int32, []), .integers([-5])),
                (tensor("empty", .float32, [0, 2]), .floats([])),
            ], to: folder("out"))
        #expect(
            try PeerProcess.run(oracle("safetensors_read.py"), [folder("out").path]) == """
                bf16 bfloat16 [6] 803f20c0803f803f8033807f
                bool bool [1, 2] 0100
                empty float32 [0, 2] \n\
                f16 float16 [2, 3] 003c00c1023c033c0100007c
                f32 float32 [3, 2] 0000803f000020c00040803f0060803f000080330000807f
                i32 int32 [] fbffffff
                i64 int64 [2] 0000000000000080ffffffffffffff7f
                u8 uint8 [3] 0007ff
                {"format": "pt"}

                """)
    }

    @Test func readsBackWhatItWrote() throws {
        let values: [Float] = (0..<100_000).map { Float($0) / 7 }
        try SafetensorsWriter([tensor("b", .float32, [1000, 100]), tensor("a", .uint8, [3])], metadata: ["k": "v"])
            .write(to: folder("out")) { $0.name == "b" ? .floats(values) : .integers([1, 2, 3]) }
        let file = try SafetensorsFile(folder("out"))
        #expect(file.metadata == ["k": "v"])
        #expect(file.tensors.map(\.name) == ["b", "a"], "wide types come first")
        #expect(try file.floats("b") == values)
        #expect(try file.integers("a") == [1, 2, 3])
    }

    @Test func alignsTheTensors() throws {
        for length in 1...9 {
            let name = String(repeating: "x", count: length)
            try SafetensorsWriter.write([(tensor(name, .int64, [1]), .integers([1]))], to: folder("out"))
            let bytes = try Data(contentsOf: folder("out"))
            let header = bytes.withUnsafeBytes { $0.loadUnaligned(as: UInt64.self) }
            #expect(header % 8 == 0)
        }
    }

    @Test(arguments: [
        (
            ElementType.float16, TensorValues.floats([70000]),
            "tensor 't' holds 70000.0, which F16 cannot; write it in a wider type"
        ),
        (
            .bfloat16, .floats([.greatestFiniteMagnitude]),
            "tensor 't' holds 3.4028235e+38, which BF16 cannot; write it in a wider type"
        ),
        (.int32, .integers([1 << 31]), "tensor 't' holds 2147483648, which I32 cannot; write it in a wider type"),
        (.uint8, .integers([-1]), "tensor 't' holds -1, which U8 cannot; write it in a wider type"),
        (.float32, .floats([1, 2]), "tensor 't' has 1 elements, but the buffer has 2"),
        (
            .q4_1, .floats([1]),
            "tensor 't' has the type Q4_1; supported here: F32, F16, BF16, I64, I32, U8, BOOL"
        ),
    ])
    func leavesTheOldFileWhereItFails(type: ElementType, values: TensorValues, problem: String) throws {
        try folder.write("old", as: "out")
        let message = try failure { try SafetensorsWriter.write([(tensor("t", type, [1]), values)], to: folder("out")) }
        #expect(message == "\(folder.path)/out: \(problem)")
        #expect(try folder.names() == ["out"])
        #expect(try String(contentsOf: folder("out"), encoding: .utf8) == "old")
    }

    @Test func leavesNothingWhereItsSourceFails() throws {
        struct Interruption: Error {}
        let tensors = [tensor("a", .float32, [600_000]), tensor("b", .float32, [1])]
        #expect(throws: Interruption.self) {
            try SafetensorsWriter(tensors).write(to: folder("out")) { tensor in
                guard tensor.name == "a" else { throw Interruption() }
                return .floats([Float](repeating: 1, count: 600_000))
            }
        }
        #expect(try folder.names() == [])
    }
}
