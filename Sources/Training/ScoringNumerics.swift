import Torch

/// Which arithmetic a loss was computed with. Losses of other arithmetic differ in their last digits, so that a selection at
/// the margin may too.
public enum ScoringNumerics {
    /// Raised by one with every change to the model, the loss head or a kernel that changes a bit of a loss.
    static let revision = 4

    /// A store's losses are taken for this program's where the two agree.
    public static var version: String { "\(revision), libtorch \(Runtime.version)" }
}
