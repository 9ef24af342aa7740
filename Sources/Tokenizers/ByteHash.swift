/// A 64-bit hash of a few bytes: eight at a time, multiplied and folded. Not for adversaries, and not stable across versions.
@inline(__always)
func byteHash(_ bytes: UnsafeBufferPointer<UInt8>) -> UInt64 {
    let count = bytes.count
    guard count > 0, let base = UnsafeRawPointer(bytes.baseAddress) else { return 1 }
    var hash = UInt64(truncatingIfNeeded: count) &* 0x9E37_79B9_7F4A_7C15
    @inline(__always) func mix(_ word: UInt64) {
        hash = (hash ^ word) &* 0xD6E8_FEB8_6659_FD93
        hash ^= hash &>> 32
    }
    if count >= 8 {
        var offset = 0
        while offset + 8 < count {
            mix(base.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
            offset += 8
        }
        // The last eight bytes, which may overlap those before.
        mix(base.loadUnaligned(fromByteOffset: count - 8, as: UInt64.self))
    } else if count >= 4 {
        let low = base.loadUnaligned(as: UInt32.self)
        let high = base.loadUnaligned(fromByteOffset: count - 4, as: UInt32.self)
        mix(UInt64(low) | UInt64(high) << 32)
    } else {
        mix(UInt64(bytes[0]) | UInt64(bytes[count / 2]) << 8 | UInt64(bytes[count - 1]) << 16)
    }
    return hash | 1
}
