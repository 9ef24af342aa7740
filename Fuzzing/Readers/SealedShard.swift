import Crypto

/// A token shard under the hash that its header should state, which no mutation would hit.
enum SealedShard {
    private static let (hash, contents) = (40..<72, 128)

    static func sealed(_ input: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        var shard = Array(input)
        guard shard.count >= contents else { return shard }
        shard.replaceSubrange(hash, with: Array(SHA256.hash(data: shard[contents...])))
        return shard
    }
}
