import Crypto

/// Half of the SHA-256 of a document's text, every run of ASCII white space taken as one space and none at the ends.
///
/// Two documents with the same fingerprint are duplicates. 128 bits, because millions of them stand in memory at once.
struct DocumentFingerprint: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

    init(_ text: String) {
        var text = text
        let normalized = text.withUTF8 { bytes in
            [UInt8](unsafeUninitializedCapacity: bytes.count) { normalized, count in
                var isSpace = true
                for byte in bytes {
                    let wasSpace = isSpace
                    isSpace = byte == 0x20 || byte &- 0x09 < 5
                    normalized[count] = isSpace ? 0x20 : byte
                    // Of a run of spaces all but the first are written over.
                    count += isSpace && wasSpace ? 0 : 1
                }
                if isSpace && count > 0 { count -= 1 }
            }
        }
        let digest = Array(SHA256.hash(data: normalized))
        high = digest[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = digest[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
