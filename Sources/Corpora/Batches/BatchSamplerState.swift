/// Where a ``BatchSampler`` stands: a checkpoint keeps it, and a resumed run goes on from it.
public struct BatchSamplerState: Sendable, Codable, Equatable {
    public var seed: UInt64
    public var shuffles: Bool
    /// Passes over the blocks begun so far, less one.
    public var epoch: Int
    /// Blocks of this epoch already drawn.
    public var position: Int
    /// How many blocks there were, and the hash of the shard they were cut from: what the position means something for.
    public var blockCount: Int
    public var contentHash: String

    /// - Throws: `CorpusError.foreignSamplerState` where the state was not taken on `blocks`, or was altered.
    func check(against blocks: PackedBlocks) throws {
        guard contentHash == blocks.shard.contentHash else {
            throw CorpusError.foreignSamplerState(reason: "the shard \(blocks.shard.url.path) has another content hash")
        }
        guard blockCount == blocks.count else {
            throw CorpusError.foreignSamplerState(reason: "\(blockCount) blocks then, \(blocks.count) now")
        }
        guard epoch >= 0, (0...blockCount).contains(position) else {
            throw CorpusError.foreignSamplerState(reason: "block \(position) of \(blockCount), epoch \(epoch)")
        }
    }
}
