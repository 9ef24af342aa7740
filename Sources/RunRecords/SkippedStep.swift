/// Why an optimizer step was not taken: its batches count as seen, and weights and optimizer stay as they were.
public struct SkippedStep: Codable, Sendable, Equatable, CustomStringConvertible {
    public enum Reason: String, Codable, Sendable {
        /// A token's loss is NaN or infinite.
        case loss
        /// The gradient's norm is NaN or infinite.
        case gradient
        /// Every gradient is zero, so there is no direction to step in.
        case zeroGradient
        /// No token was selected, so there is nothing to divide by.
        case nothingSelected
    }

    public var reason: Reason
    /// For a loss the first module of the forward pass whose output is not finite, for a gradient the first weight on the
    /// backward pass's way; `nil` where none was found.
    public var module: String?

    public init(_ reason: Reason, module: String? = nil) { (self.reason, self.module) = (reason, module) }

    /// Half a sentence.
    public var description: String {
        switch reason {
        case .loss: "the loss is not finite" + (module.map { ", first in the output of \($0)" } ?? "")
        case .gradient: "the gradient is not finite" + (module.map { ", first that of \($0)" } ?? "")
        case .zeroGradient: "every gradient is zero"
        case .nothingSelected: "no token was selected"
        }
    }
}
