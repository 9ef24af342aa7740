import Checkpoints
import Crypto
import Foundation

/// What identifies files on disk, wherever they lie: a model, an adapter, a checkpoint's parts.
package enum ContentHash {
    /// SHA-256 of the files' bytes, one after another, in hexadecimal.
    package static func of(_ files: [URL]) throws -> String {
        var hasher = SHA256()
        for file in files { try MappedFile(file).withBytes { hasher.update(bufferPointer: $0) } }
        return hasher.finalize().map { String(format: "%02x", $0) }.joined()
    }
}
