import Crypto

/// Half of the SHA-256 of a document's text, every run of ASCII white space taken as one space and none at the ends.
///
/// Two documents with the same fingerprint are duplicates. 128 bits, because millions of them stand in memory at once.
struct DocumentFingerprint: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

    init(_ text: String) {
        var normalized: [UInt8] = []
        normalized.reserveCapacity(text.utf8.count)
        var isSpace = true
        for byte in text.utf8 {
            if byte == 0x20 || (0x09...0x0D).contains(byte) {
                if !isSpace { normalized.append(0x20) }
                isSpace = true
            } else {
                normalized.append(byte)
                isSpace = false
            }
        }
        if normalized.last == 0x20 { normalized.removeLast() }
        let digest = Array(SHA256.hash(data: normalized))
        high = digest[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = digest[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
