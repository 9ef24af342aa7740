import Crypto

/// Half of the SHA-256 of a document's text, every run of ASCII white space taken as one space and none at the ends.
///
/// Two documents with the same fingerprint are duplicates. 128 bits, because millions of them stand in memory at once.
struct DocumentFingerprint: Hashable, Sendable {
    let high: UInt64
    let low: UInt64

    static let piece = 1 << 16

    init(_ text: String) {
        var hash = SHA256()
        // A piece at a time: a document may be of any size.
        var normalized: [UInt8] = []
        normalized.reserveCapacity(min(text.utf8.count, Self.piece) + 2)
        var (isSpace, hasBegun) = (false, false)
        for byte in text.utf8 {
            if byte == 0x20 || (0x09...0x0D).contains(byte) {
                isSpace = true
                continue
            }
            // Before the byte that follows, so that none stands at the end.
            if isSpace, hasBegun { normalized.append(0x20) }
            normalized.append(byte)
            (isSpace, hasBegun) = (false, true)
            if normalized.count >= Self.piece {
                hash.update(data: normalized)
                normalized.removeAll(keepingCapacity: true)
            }
        }
        hash.update(data: normalized)
        let digest = Array(hash.finalize())
        high = digest[0..<8].reduce(0) { $0 << 8 | UInt64($1) }
        low = digest[8..<16].reduce(0) { $0 << 8 | UInt64($1) }
    }
}
