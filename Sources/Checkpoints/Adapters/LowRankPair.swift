/// The two matrices that LoRA adds to a linear layer of weight `[out, in]`: their product, scaled, is the change.
public struct LowRankPair: Sendable, Hashable {
    /// `[rank, in]`, row-major.
    public var a: [Float]
    /// `[out, rank]`, row-major.
    public var b: [Float]
    public var rank: Int

    public var inputSize: Int { a.count / rank }
    public var outputSize: Int { b.count / rank }

    /// - Precondition: both counts are multiples of `rank`, which is above 0.
    public init(a: [Float], b: [Float], rank: Int) {
        precondition(
            rank > 0 && a.count % rank == 0 && b.count % rank == 0, "matrices of \(a.count) and \(b.count) at rank \(rank)")
        (self.a, self.b, self.rank) = (a, b, rank)
    }
}
