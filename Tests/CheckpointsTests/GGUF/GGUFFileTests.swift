import Checkpoints
import Foundation
import PeerProcess
import Testing

struct GGUFFileTests {
    let folder = try! TemporaryFolder()

    /// Against `gguf`'s dequantization, and transformers' own undoing of the permutation.
    @Test func readsEveryTypeUnderHuggingFaceNames() throws {
        try PeerProcess.run(oracle("gguf_write.py"), [folder.path])
        let file = try GGUFFile(folder("tiny.gguf"))
        #expect(file.tensors.count == 3 + 2 * 9)
        #expect(Set(file.tensors.map(\.elementType)) == [.float32, .float16, .bfloat16, .q8_0, .q4_0, .q4_1])
        for tensor in file.tensors {
            #expect(try file.floats(tensor.name).bits == folder.bits(tensor.name), "\(tensor.name)")
        }
        #expect(file.description(of: "model.layers.1.mlp.down_proj.weight")?.shape == [64, 96])
        #expect(
            try file.configuration()
                == ModelConfiguration(
                    vocabularySize: 40, hiddenSize: 64, intermediateSize: 96, layerCount: 2, headCount: 4, keyValueHeadCount: 2,
                    ropeBase: 50000, maximumPositionCount: 128, bosTokenID: 1, eosTokenIDs: [2]))
        let vocabulary = try file.vocabulary()
        #expect(vocabulary.model == "llama")
        #expect(vocabulary.tokens == (0..<40).map { "▁token\($0)" })
        #expect(vocabulary.scores == (0..<40).map { -Float($0) / 3 })
        #expect(vocabulary.tokenTypes == [Int32](repeating: 1, count: 40))
        #expect(vocabulary.addsBOS && vocabulary.addsSpacePrefix && !vocabulary.addsEOS)

        let expected: [String: GGUFValue] = [
            "uint8": .integer(255), "int8": .integer(-128), "uint16": .integer(65535), "int16": .integer(-32768),
            "int32": .integer(-(1 << 31)), "uint64": .integer(1 << 62), "int64": .integer(-(1 << 62)), "float64": .float(0.1),
            "bool": .bool(true), "bools": .bools([true, false]),
        ]
        for (key, value) in expected { #expect(file.metadata["test.\(key)"] == value) }
    }

    /// Random blocks with every finite float16 among their scales, bit for bit.
    @Test func dequantizesAsGGUFDoes() throws {
        try PeerProcess.run(oracle("gguf_blocks.py"), [folder.path])
        let file = try GGUFFile(folder("blocks.gguf"))
        for name in ["Q8_0", "Q4_0", "Q4_1", "F16"] {
            #expect(try file.floats(name).bits == folder.bits(name), "\(name)")
        }
    }

    @Test func readsVersionTwo() throws {
        var tiny = GGUFBytes.tinyLlama()
        tiny.version = 2
        #expect(try GGUFFile(folder.write(tiny.bytes, as: "tiny.gguf")).floats("model.norm.weight") == (0..<32).map { Float($0) })
    }

    @Test func undoesThePermutationOfQueriesAlone() throws {
        let file = try GGUFFile(folder.write(GGUFBytes.tinyLlama().bytes, as: "tiny.gguf"))
        let rows = try file.floats("model.layers.0.self_attn.q_proj.weight").enumerated().filter { $0.offset % 32 == 0 }
        // A head's 16 rows in the file are pairs (0, 8), (1, 9), …: the even ones are its first half.
        let head = [0, 2, 4, 6, 8, 10, 12, 14, 1, 3, 5, 7, 9, 11, 13, 15]
        #expect(rows.map { Int($0.element) / 32 } == head + head.map { $0 + 16 })
        #expect(try file.floats("model.embed_tokens.weight") == (0..<192).map { Float($0) })
    }

    @Test func refusesEveryTruncation() throws {
        let whole = GGUFBytes.tinyLlama().bytes
        for count in stride(from: 0, to: whole.count, by: 7) {
            let url = try folder.write(whole[..<count], as: "cut.gguf")
            let message = try failure { _ = try GGUFFile(url) }
            #expect(message?.hasPrefix("\(url.path): ") == true, "cut at \(count)")
            #expect(message?.hasSuffix("the file is damaged or incomplete: fetch or write it again") == true, "cut at \(count)")
        }
        let lastByteGone = try folder.write(whole.dropLast(), as: "cut.gguf")
        #expect(
            try failure { _ = try GGUFFile(lastByteGone) }?.contains("ends inside tensor 'output_norm.weight'") == true)
        #expect(try failure { _ = try GGUFFile(folder.write(whole, as: "whole.gguf")) } == nil)
    }

    /// A flipped bit may go unseen in a name or a weight; it must never lead a read outside the file.
    @Test func survivesAnyDamagedByte() throws {
        let whole = GGUFBytes.tinyLlama().bytes
        let headerCount = whole.count - (192 + 1024 + 32) * 4
        var refused = 0
        for index in 0..<headerCount {
            for mask in [0x01, 0x80] as [UInt8] {
                var damaged = whole
                damaged[index] ^= mask
                let url = try folder.write(damaged, as: "damaged.gguf")
                let message = try failure {
                    let file = try GGUFFile(url)
                    _ = try file.configuration()
                    _ = try file.vocabulary()
                    for tensor in file.tensors { _ = try file.floats(tensor.name) }
                }
                if message != nil { refused += 1 }
            }
        }
        #expect(refused > headerCount)
    }

    @Test(arguments: [
        ("claims 2⁶⁰ tensors", "claims 1152921504606846976 for the count of tensors, but ends"),
        ("claims 2⁶⁰ entries", "claims 1152921504606846976 for the count of metadata entries, but ends"),
        ("claims 2⁶⁰ tokens", "claims 1152921504606846976 for the count of 'tokenizer.ggml.tokens', but ends"),
        ("claims a key of 2⁶⁰ bytes", "claims 1152921504606846976 for the length of 'general.name', but ends"),
        ("has a huge dimension", "tensor 'token_embd.weight' cannot have the shape [4611686018427387904, 32] in the type F32"),
        ("has five dimensions", "tensor 'token_embd.weight' claims 5 dimensions"),
        ("points past the end", "ends inside tensor 'token_embd.weight', which claims 768 bytes at 1152921504606846976 of"),
        ("is not aligned", "tensor 'token_embd.weight' lies at 8, not at a multiple of 32"),
        ("overlaps", "tensor 'blk.0.attn_q.weight' overlaps another"),
        ("is of version 1", "is of GGUF version 1, and only versions 2 and 3 are read"),
        ("is big-endian", "is of GGUF version 50331648 (a big-endian file), and only versions 2 and 3 are read"),
        ("has an odd alignment", "general.alignment is integer(7)"),
        ("has an unknown value type", "'general.name' has the unknown type 77"),
        ("nests arrays", "'general.name' nests arrays too deeply"),
        ("names a tensor twice", "has two tensors of one name"),
        ("names a key twice", "has the key 'general.architecture' twice"),
        ("is not UTF-8", "'general.name' is not UTF-8, at byte"),
        (
            "has heads past 2⁶²",
            "tensor 'model.layers.0.self_attn.q_proj.weight' of shape [32, 32] cannot be 4611686018427387904 heads"
        ),
        ("has a quantized bias", "tensor 'model.layers.0.self_attn.q_proj.bias' of shape [32] cannot be 2 heads"),
        ("is no GGUF", "does not begin with 'GGUF'"),
        ("has an array past 2²²", "'general.name' is an array of 4194305, of at most 4194304"),
        ("has 2¹⁶ entries more", "claims 3 tensors and 65547 metadata entries"),
    ])
    func saysWhatIsWrong(flaw: String, problem: String) throws {
        var file = GGUFBytes.tinyLlama()
        let huge: UInt64 = 1 << 60
        switch flaw {
        case "claims 2⁶⁰ tensors": file.claimedTensorCount = huge
        case "claims 2⁶⁰ entries": file.claimedMetadataCount = huge
        case "claims 2⁶⁰ tokens": file.set("tokenizer.ggml.tokens", GGUFBytes.array(of: 8, count: huge, []))
        case "claims a key of 2⁶⁰ bytes": file.set("general.name", GGUFBytes.raw(8 as UInt32) + GGUFBytes.raw(huge))
        case "has a huge dimension": file.tensors[0].dimensions = [32, 1 << 62]
        case "has five dimensions": file.tensors[0].dimensions = [1, 1, 1, 1, 1]
        case "points past the end": file.tensors[0].offset = huge
        case "is not aligned": file.tensors[0].offset = 8
        case "overlaps": file.tensors[1].offset = 32
        case "is of version 1": file.version = 1
        case "is big-endian": file.version = (3 as UInt32).byteSwapped
        case "has an odd alignment": file.set("general.alignment", GGUFBytes.uint32(7))
        case "has an unknown value type": file.set("general.name", GGUFBytes.raw(77 as UInt32))
        case "nests arrays":
            let nested = (0..<100).flatMap { _ in GGUFBytes.raw(9 as UInt32) + GGUFBytes.raw(1 as UInt64) }
            file.set("general.name", GGUFBytes.raw(9 as UInt32) + nested)
        case "names a tensor twice": file.tensors[1].name = "token_embd.weight"
        case "names a key twice": file.metadata.append(file.metadata[0])
        case "is not UTF-8": file.set("general.name", GGUFBytes.raw(8 as UInt32) + GGUFBytes.raw(1 as UInt64) + [0xFF])
        case "has heads past 2⁶²":
            file.set("llama.attention.head_count", GGUFBytes.raw(10 as UInt32) + GGUFBytes.raw(1 << 62 as UInt64))
        case "has an array past 2²²":
            let elements = [UInt8](repeating: 0, count: (1 << 22) + 1)
            file.set("general.name", GGUFBytes.array(of: 0, count: UInt64(elements.count), elements))
        case "has 2¹⁶ entries more":
            for index in 0..<1 << 16 { file.metadata.append(("\(index)", GGUFBytes.raw(0 as UInt32) + [0])) }
        case "has a quantized bias":
            let bytes = [UInt8](repeating: 0, count: 34)
            file.tensors.append(GGUFBytes.Tensor(name: "blk.0.attn_q.bias", dimensions: [32], type: 8, bytes: bytes))
        default: break
        }
        let bytes = flaw == "is no GGUF" ? Array("GGML".utf8) + file.bytes.dropFirst(4) : file.bytes
        let url = try folder.write(bytes, as: "bad.gguf")
        let message = try #require(try failure { _ = try GGUFFile(url) })
        #expect(message.hasPrefix("\(url.path): \(problem)"), "\(message)")
    }

    @Test(arguments: [(12, "Q4_K"), (99, "number 99")] as [(UInt32, String)])
    func namesAQuantizationItDoesNotRead(number: UInt32, name: String) throws {
        var file = GGUFBytes.tinyLlama()
        file.tensors[1].type = number
        let url = try folder.write(file.bytes, as: "bad.gguf")
        #expect(
            try failure { _ = try GGUFFile(url) }
                == "\(url.path): tensor 'blk.0.attn_q.weight' has the type \(name); "
                + "supported here: F32, F16, Q4_0, Q4_1, Q8_0, I8, I16, I32, I64, F64, BF16")
    }

    @Test func namesAnUnknownArchitecture() throws {
        var file = GGUFBytes.tinyLlama()
        file.set("general.architecture", GGUFBytes.string("mamba"))
        let url = try folder.write(file.bytes, as: "bad.gguf")
        #expect(try failure { _ = try GGUFFile(url) } == "\(url.path): unknown architecture 'mamba'; known: llama, qwen2, qwen3")
    }
}
