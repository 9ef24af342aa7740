import Torch

/// What is known of each valid token when it is scored. All are `[N]`, detached, in nats.
public struct TokenMeasurements {
    /// The student's cross-entropy.
    public var loss: Tensor
    /// Of the student's predicted distribution.
    public var entropy: Tensor?
    /// The reference model's cross-entropy of the same token.
    public var referenceLoss: Tensor?

    public init(loss: Tensor, entropy: Tensor? = nil, referenceLoss: Tensor? = nil) {
        (self.loss, self.entropy, self.referenceLoss) = (loss, entropy, referenceLoss)
    }

    /// A measurement that costs something and is made only where a score asks for it.
    public enum Optional: String, Sendable, Hashable { case entropy, referenceLoss }
}
