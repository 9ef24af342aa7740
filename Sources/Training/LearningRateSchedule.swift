import Foundation

/// The learning rate over a run, as a factor of its peak.
public enum LearningRateSchedule: Sendable, Equatable {
    case constant(warmup: Int = 0)
    /// Linear warm-up, then half a cosine down to `finalFraction` at the last step.
    case cosine(warmup: Int = 0, finalFraction: Double = 0)

    /// - Parameters:
    ///   - step: from 1.
    ///   - total: steps of the whole run.
    public func factor(step: Int, of total: Int) -> Double {
        switch self {
        case .constant(let warmup):
            return min(1, Double(step) / Double(warmup + 1))
        case .cosine(let warmup, let finalFraction):
            guard step > warmup else { return Double(step) / Double(warmup + 1) }
            let progress = total > warmup + 1 ? Double(step - warmup - 1) / Double(total - warmup - 1) : 1
            return finalFraction + (1 - finalFraction) * 0.5 * (1 + cos(.pi * min(1, progress)))
        }
    }
}
