/// A GGUF file by hand: a small Llama that a test can break in one place.
struct GGUFBytes {
    struct Tensor {
        var name: String
        /// Innermost first, as the file has them.
        var dimensions: [UInt64]
        var type: UInt32
        var bytes: [UInt8]
        /// Where the tensor claims to lie; after the one before it, aligned, where it is `nil`.
        var offset: UInt64?
    }

    var version: UInt32 = 3
    var metadata: [(key: String, value: [UInt8])] = []
    var tensors: [Tensor] = []
    var claimedTensorCount: UInt64?
    var claimedMetadataCount: UInt64?

    /// One layer, width 32, two heads of 16, six tokens, every weight F32 and tied.
    static func tinyLlama() -> GGUFBytes {
        var file = GGUFBytes()
        file.metadata = [
            ("general.architecture", string("llama")), ("llama.block_count", uint32(1)), ("llama.context_length", uint32(64)),
            ("llama.embedding_length", uint32(32)), ("llama.feed_forward_length", uint32(64)),
            ("llama.attention.head_count", uint32(2)), ("llama.attention.layer_norm_rms_epsilon", float32(1e-5)),
            ("tokenizer.ggml.model", string("gpt2")), ("tokenizer.ggml.tokens", strings(["a", "b", "c", "d", "e", "f"])),
            ("tokenizer.ggml.merges", strings(["a b"])), ("tokenizer.ggml.bos_token_id", uint32(1)),
        ]
        file.tensors = [
            tensor("token_embd.weight", [32, 6]), tensor("blk.0.attn_q.weight", [32, 32]), tensor("output_norm.weight", [32]),
        ]
        return file
    }

    static func tensor(_ name: String, _ dimensions: [UInt64]) -> Tensor {
        let count = Int(dimensions.reduce(1, *))
        return Tensor(name: name, dimensions: dimensions, type: 0, bytes: (0..<count).map { Float($0) }.littleEndianBytes)
    }

    mutating func set(_ key: String, _ value: [UInt8]) {
        metadata.removeAll { $0.key == key }
        metadata.append((key, value))
    }

    var bytes: [UInt8] {
        var file = Array("GGUF".utf8) + Self.raw(version)
        file += Self.raw(claimedTensorCount ?? UInt64(tensors.count)) + Self.raw(claimedMetadataCount ?? UInt64(metadata.count))
        for (key, value) in metadata { file += Self.text(key) + value }
        var offset: UInt64 = 0
        var data: [UInt8] = []
        for tensor in tensors {
            file +=
                Self.text(tensor.name) + Self.raw(UInt32(tensor.dimensions.count)) + tensor.dimensions.flatMap { Self.raw($0) }
            file += Self.raw(tensor.type) + Self.raw(tensor.offset ?? offset)
            data += [UInt8](repeating: 0, count: Int(offset) - data.count) + tensor.bytes
            offset = (offset + UInt64(tensor.bytes.count) + 31) / 32 * 32
        }
        file += [UInt8](repeating: 0, count: (32 - file.count % 32) % 32)
        return file + data
    }

    static func uint32(_ value: UInt32) -> [UInt8] { raw(4 as UInt32) + raw(value) }
    static func float32(_ value: Float) -> [UInt8] { raw(6 as UInt32) + raw(value.bitPattern) }
    static func string(_ value: String) -> [UInt8] { raw(8 as UInt32) + text(value) }
    static func strings(_ values: [String]) -> [UInt8] { array(of: 8, count: UInt64(values.count), values.flatMap { text($0) }) }
    static func array(of type: UInt32, count: UInt64, _ elements: [UInt8]) -> [UInt8] {
        raw(9 as UInt32) + raw(type) + raw(count) + elements
    }
    static func text(_ value: String) -> [UInt8] { raw(UInt64(value.utf8.count)) + Array(value.utf8) }
    static func raw<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
        withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) }
    }
}
