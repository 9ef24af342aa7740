/// How far the gradient of the selected tokens points where the gradient of all tokens does, on blocks set aside for that.
public struct GradientProbe: Codable, Sendable, Equatable {
    /// Optimizer steps done before it.
    public var step: Int
    /// Valid target tokens trained on before it.
    public var tokensSeen: Int
    /// Blocks that the gradients are taken on.
    public var blocks: Int
    /// Between the mean gradient over the selected tokens and that over all; `nil` where one of them is zero.
    public var cosine: Double?
    /// L2 norms of the two mean gradients.
    public var selectedNorm: Double
    public var allNorm: Double

    public init(step: Int, tokensSeen: Int, blocks: Int, cosine: Double?, selectedNorm: Double, allNorm: Double) {
        (self.step, self.tokensSeen, self.blocks) = (step, tokensSeen, blocks)
        (self.cosine, self.selectedNorm, self.allNorm) = (cosine, selectedNorm, allNorm)
    }
}
