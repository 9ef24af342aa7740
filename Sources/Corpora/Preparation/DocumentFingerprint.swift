import Crypto

/// Half of the SHA-256 of a document's text, every run of ASCII white space taken as one space and none at the ends.
///
/// Two documents with the same fingerprint are duplicates. 128 bits, because millions of them stand in memory at once.
struct DocumentFingerprint: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    static let piece = 1 << 16

    init(high: UInt64, low: UInt64) { (self.high, self.low) = (high, low) }

    init(_ text: String) {
        var (text, hash) = (text, SHA256())
        text.withUTF8 { bytes in
            // A piece at a time: a document may be of any size.
            withUnsafeTemporaryAllocation(of: UInt8.self, capacity: Self.piece + 2) { normalized in
                var (count, owesSpace, hasBegun) = (0, false, false)
                for byte in bytes {
                    if byte == 0x20 || byte &- 0x09 < 5 {
                        owesSpace = hasBegun
                        continue
                    }
                    // Before the byte that follows, so that none stands at the end.
                    if owesSpace {
                        normalized[count] = 0x20
                        count += 1
                    }
                    normalized[count] = byte
                    count += 1
                    (owesSpace, hasBegun) = (false, true)
                    if count >= Self.piece {
                        hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(normalized)[..<count]))
                        count = 0
                    }
                }
                hash.update(bufferPointer: UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(normalized)[..<count]))
            }
        }
        let digest = Array(hash.finalize())
        high = digest[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = digest[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
