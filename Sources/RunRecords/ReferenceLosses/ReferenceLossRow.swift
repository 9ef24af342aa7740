/// A reference's losses of one block.
public struct ReferenceLossRow: Sendable, Hashable {
    /// The block's place in its shard, in blocks.
    public var block: Int
    /// The loss of every token but the first, in nats: padding after the last token has none.
    public var losses: [Float]
    /// The entropy of each of those predictions.
    public var entropies: [Float]?

    public init(block: Int, losses: [Float], entropies: [Float]? = nil) {
        (self.block, self.losses, self.entropies) = (block, losses, entropies)
    }

    /// Tokens in the block, padding left out.
    var length: Int { losses.count + 1 }
}
