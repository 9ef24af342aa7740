import Checkpoints
import Crypto
import Foundation

/// What identifies files on disk, wherever they lie: a model, an adapter, a checkpoint's parts.
package enum ContentHash {
    /// Bytes in memory at once: a model's would count as the process' own until the last is hashed.
    private static let piece = 16 << 20

    /// SHA-256 of the files' bytes, one after another, in hexadecimal.
    package static func of(_ files: [URL]) throws -> String {
        var hasher = SHA256()
        for file in files {
            let mapped = try MappedFile(file)
            for start in stride(from: 0, to: mapped.count, by: piece) {
                let range = start..<min(start + piece, mapped.count)
                mapped.withBytes(in: range) { hasher.update(bufferPointer: $0) }
                mapped.release(range)
            }
        }
        return hasher.finalize().map { String(format: "%02x", $0) }.joined()
    }
}
