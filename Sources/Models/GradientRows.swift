import Torch

/// Which of the last hidden states will carry a gradient: known only when tokens have been selected, between the forward pass and the
/// backward pass. Behind its attention the last layer then goes back along these rows alone.
///
/// A promise: a gradient of any other row is lost.
public final class GradientRows {
    /// Places among the B·T, `[k]`, int64, each once; `nil` where any row may carry one.
    public var places: Tensor?

    public init() {}
}
