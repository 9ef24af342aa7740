#if _endian(big)
    #error("safetensors and GGUF are little-endian; reading them here would need byte swaps")
#endif

extension ElementType {
    /// Converts stored elements, at any alignment, to float32.
    ///
    /// Plain loops over pointers: the optimizer vectorizes them, so that 135 M quantized weights take a fraction of a second.
    ///
    /// - Parameters:
    ///   - source: the bytes of `destination.count` elements, whole blocks.
    ///   - destination: one float an element.
    func decode(_ source: UnsafeRawBufferPointer, into destination: UnsafeMutableBufferPointer<Float>) {
        guard let bytes = source.baseAddress, let floats = destination.baseAddress else { return }
        let count = destination.count
        precondition(
            source.count == count / blockLength * blockByteCount, "\(count) elements of \(rawValue) in \(source.count) bytes")
        switch self {
        case .float32: UnsafeMutableRawPointer(floats).copyMemory(from: bytes, byteCount: source.count)
        case .float64:
            for i in 0..<count { floats[i] = Float(bytes.loadUnaligned(fromByteOffset: 8 &* i, as: Double.self)) }
        case .float16:
            for i in 0..<count { floats[i] = Float(halfBits: bytes.loadUnaligned(fromByteOffset: 2 &* i, as: UInt16.self)) }
        case .bfloat16:
            for i in 0..<count {
                floats[i] = Float(bitPattern: UInt32(bytes.loadUnaligned(fromByteOffset: 2 &* i, as: UInt16.self)) << 16)
            }
        case .int64: decodeIntegers(Int64.self, bytes, into: floats, count: count)
        case .int32: decodeIntegers(Int32.self, bytes, into: floats, count: count)
        case .int16: decodeIntegers(Int16.self, bytes, into: floats, count: count)
        case .int8: decodeIntegers(Int8.self, bytes, into: floats, count: count)
        case .uint8, .bool: decodeIntegers(UInt8.self, bytes, into: floats, count: count)
        case .q8_0: decodeQ8_0(bytes, into: floats, blocks: count / 32)
        case .q4_0: decodeQ4(bytes, into: floats, blocks: count / 32, hasMinimum: false)
        case .q4_1: decodeQ4(bytes, into: floats, blocks: count / 32, hasMinimum: true)
        }
    }
}

private func decodeIntegers<Stored: FixedWidthInteger>(
    _: Stored.Type, _ bytes: UnsafeRawPointer, into floats: UnsafeMutablePointer<Float>, count: Int
) {
    for i in 0..<count {
        floats[i] = Float(bytes.loadUnaligned(fromByteOffset: MemoryLayout<Stored>.size &* i, as: Stored.self))
    }
}

/// Blocks of a float16 scale d and 32 signed bytes q: d·q.
private func decodeQ8_0(_ bytes: UnsafeRawPointer, into floats: UnsafeMutablePointer<Float>, blocks: Int) {
    for block in 0..<blocks {
        let start = bytes + block &* 34
        let scale = Float(halfBits: start.loadUnaligned(as: UInt16.self))
        let quants = (start + 2).assumingMemoryBound(to: Int8.self)
        let weights = floats + block &* 32
        for i in 0..<32 { weights[i] = scale * Float(quants[i]) }
    }
}

/// Blocks of a float16 scale d, for Q4_1 a float16 minimum m, and 16 bytes: the low nibbles q are weights 0–15,
/// the high ones 16–31. Q4_0 is d·(q − 8), Q4_1 is d·q + m, rounded after each operation as in ggml's own reference.
private func decodeQ4(
    _ bytes: UnsafeRawPointer, into floats: UnsafeMutablePointer<Float>, blocks: Int, hasMinimum: Bool
) {
    let stride = hasMinimum ? 20 : 18
    for block in 0..<blocks {
        let start = bytes + block &* stride
        let scale = Float(halfBits: start.loadUnaligned(as: UInt16.self))
        let quants = (start + (stride - 16)).assumingMemoryBound(to: UInt8.self)
        let weights = floats + block &* 32
        if hasMinimum {
            let minimum = Float(halfBits: start.loadUnaligned(fromByteOffset: 2, as: UInt16.self))
            for i in 0..<16 {
                weights[i] = scale * Float(Int32(quants[i] & 15)) + minimum
                weights[i &+ 16] = scale * Float(Int32(quants[i] >> 4)) + minimum
            }
        } else {
            for i in 0..<16 {
                weights[i] = scale * Float(Int32(quants[i] & 15) &- 8)
                weights[i &+ 16] = scale * Float(Int32(quants[i] >> 4) &- 8)
            }
        }
    }
}

extension Float {
    /// An IEEE binary16, widened exactly.
    ///
    /// Written in 32-bit operations because `Float(Float16)` is a library call a weight on x86-64 without F16C.
    @inline(__always)
    init(halfBits half: UInt16) {
        let bits = UInt32(half)
        // The exponent moves into place unbiased; the product adds 127 − 15, and normalizes subnormals.
        let magnitude = Float(bitPattern: (bits & 0x7FFF) << 13) * 0x1p112
        let infinityOrNaN: UInt32 = magnitude >= 0x1p16 ? 0x7F80_0000 : 0
        self = Float(bitPattern: magnitude.bitPattern | infinityOrNaN | (bits & 0x8000) << 16)
    }
}
