import Checkpoints
import Foundation
import PeerProcess
import Testing

struct SafetensorsFileTests {
    let folder = try! TemporaryFolder()

    /// Two tensors, 2 × 3 floats and one int64.
    private func small() -> [UInt8] {
        safetensors(
            header:
                #"{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"I64","shape":[1],"data_offsets":[24,32]}}"#,
            data: [1, 2, 3, 4, 5, 6].littleEndianBytes + [7, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test func readsEveryTypeAsTheReferenceDoes() throws {
        try PeerProcess.run(oracle("safetensors_write.py"), [folder.path])
        let file = try SafetensorsFile(folder("every-type.safetensors"))
        #expect(file.tensors.count == 14)
        #expect(file.metadata == ["format": "pt", "note": "ünïcode"])
        for tensor in file.tensors {
            #expect(try file.floats(tensor.name).bits == folder.bits(tensor.name), "\(tensor.name)")
        }
        #expect(file.description(of: "f16") == TensorDescription(name: "f16", elementType: .float16, shape: [3, 5]))
        #expect(file.description(of: "scalar")?.shape == [])
        #expect(file.description(of: "empty")?.shape == [0, 4])
        #expect(try file.integers("i64") == [-(1 << 62), 1 << 62 + 1])
        #expect(try file.integers("i32") == [-(1 << 31), 1 << 31 - 1, 5])
        #expect(try file.integers("i16") == [-(1 << 15), 1 << 15 - 1, 5])
        #expect(try file.integers("i8") == [-128, 127, 5])
        #expect(try file.integers("u8") == [0, 255, 5])
        #expect(try file.bools("bool") == [true, false, true])
    }

    @Test func handsOutTheStoredBytes() throws {
        let file = try SafetensorsFile(folder.write(small(), as: "small"))
        #expect(try file.withBytes(of: "b") { [UInt8]($0) } == [7, 0, 0, 0, 0, 0, 0, 0])
    }

    @Test func refusesWhatItCannotAnswer() throws {
        let file = try SafetensorsFile(folder.write(small(), as: "small"))
        #expect(try failure { _ = try file.floats("c") } == "\(folder.path)/small: holds no tensor named 'c'")
        #expect(
            try failure { _ = try file.integers("a") }
                == "\(folder.path)/small: tensor 'a' has the type F32; supported here: I64, I32, I16, I8, U8, BOOL")
        var five = [Float](repeating: 0, count: 5)
        #expect(
            try failure { try five.withUnsafeMutableBufferPointer { try file.read("a", into: $0) } }
                == "\(folder.path)/small: tensor 'a' has 6 elements, but the buffer has 5")
    }

    @Test func refusesEveryTruncation() throws {
        let whole = small()
        for count in whole.indices {
            let url = try folder.write(whole[..<count], as: "cut")
            let message = try failure { _ = try SafetensorsFile(url) }
            #expect(message?.hasPrefix("\(url.path): ") == true, "cut at \(count)")
            #expect(message?.hasSuffix("the file is damaged or incomplete: fetch or write it again") == true, "cut at \(count)")
        }
        #expect(try failure { _ = try SafetensorsFile(folder.write(whole, as: "whole")) } == nil)
    }

    /// A flipped byte may go unseen in a name or a value; it must never lead a read outside the file.
    @Test func survivesAnyDamagedByte() throws {
        let whole = small()
        var refused = 0
        for index in whole.indices {
            for mask in [0x01, 0x10, 0xFF] as [UInt8] {
                var damaged = whole
                damaged[index] ^= mask
                let url = try folder.write(damaged, as: "damaged")
                let message = try failure {
                    let file = try SafetensorsFile(url)
                    for tensor in file.tensors { _ = try file.floats(tensor.name) }
                }
                if message != nil { refused += 1 }
            }
        }
        #expect(refused > whole.count)
    }

    @Test(arguments: [
        (
            safetensors(header: "", claimedHeaderCount: 1 << 60),
            "claims a header of 1152921504606846976 bytes; at most 100000000 are allowed"
        ),
        (safetensors(header: "{}", claimedHeaderCount: 3), "claims a header of 3 bytes, but only 2 follow"),
        (
            safetensors(header: #"{"a":{"dtype":"F32","shape":[3],"data_offsets":[0,8]}}"#, data: [0, 0, 0, 0, 0, 0, 0, 0]),
            "tensor 'a' of shape [3] and type F32 cannot take 8 bytes"
        ),
        (
            safetensors(header: #"{"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}"#, data: [0, 0, 0, 0]),
            "tensor 'a' claims the bytes [0, 8] of the 4 there are"
        ),
        (
            safetensors(header: #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[-2,0]}}"#),
            "tensor 'a' claims the bytes [-2, 0] of the 0 there are"
        ),
        (
            safetensors(header: #"{"a":{"dtype":"F32","shape":[4611686018427387904,4],"data_offsets":[0,0]}}"#),
            "tensor 'a' of shape [4611686018427387904, 4] and type F32 cannot take 0 bytes"
        ),
        (
            safetensors(header: #"{"a":{"dtype":"U8","shape":[-1,-2],"data_offsets":[0,2]}}"#, data: [0, 0]),
            "tensor 'a' of shape [-1, -2] and type U8 cannot take 2 bytes"
        ),
        (
            safetensors(
                header:
                    #"{"a":{"dtype":"U8","shape":[2],"data_offsets":[0,2]},"b":{"dtype":"U8","shape":[2],"data_offsets":[1,3]}}"#,
                data: [0, 0, 0]), "tensor 'b' overlaps the tensor before it"
        ),
        (
            safetensors(
                header:
                    #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"U8","shape":[1],"data_offsets":[2,3]}}"#,
                data: [0, 0, 0]), "tensor 'b' leaves a hole before it"
        ),
        (
            safetensors(header: #"{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}"#, data: [0, 0, 0]),
            "has 2 bytes that belong to no tensor"
        ),
        (safetensors(header: #"{"a":{"dtype":"U8","shape":[1]}}"#, data: [0]), "'a.data_offsets' is missing"),
        ([1, 2, 3], "has 3 bytes; a safetensors file has at least 8"),
    ])
    func saysWhatIsWrongWithTheHeader(bytes: [UInt8], problem: String) throws {
        let url = try folder.write(bytes, as: "bad")
        #expect(
            try failure { _ = try SafetensorsFile(url) }
                == "\(url.path): \(problem); the file is damaged or incomplete: fetch or write it again")
    }

    @Test func namesATypeItDoesNotRead() throws {
        let url = try folder.write(
            safetensors(header: #"{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}"#, data: [0]), as: "bad")
        #expect(
            try failure { _ = try SafetensorsFile(url) }
                == "\(url.path): tensor 'a' has the type F8_E4M3; supported here: F64, F32, F16, BF16, I64, I32, I16, I8, U8, BOOL"
        )
    }
}
