import Torch

/// What is known of each valid token when it is scored. All are `[N]`, detached, in nats.
public struct TokenMeasurements {
    /// The student's cross-entropy.
    public var loss: Tensor
    /// Of the student's predicted distribution.
    public var entropy: Tensor?
    /// The reference model's cross-entropy of the same token.
    public var referenceLoss: Tensor?
    /// Of the distribution that the reference model predicts.
    public var referenceEntropy: Tensor?

    public init(
        loss: Tensor, entropy: Tensor? = nil, referenceLoss: Tensor? = nil, referenceEntropy: Tensor? = nil
    ) {
        (self.loss, self.entropy) = (loss, entropy)
        (self.referenceLoss, self.referenceEntropy) = (referenceLoss, referenceEntropy)
    }

    /// Those of some consecutive tokens: views.
    func slice(_ range: Range<Int>) -> TokenMeasurements {
        TokenMeasurements(
            loss: loss.slice(range), entropy: entropy?.slice(range), referenceLoss: referenceLoss?.slice(range),
            referenceEntropy: referenceEntropy?.slice(range))
    }

    /// A measurement that costs something and is made only where a score asks for it.
    public enum Optional: String, Sendable, Hashable { case entropy, referenceLoss, referenceEntropy }
}
