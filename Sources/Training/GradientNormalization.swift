import Models
import Torch

/// Turns accumulated sums into the gradient that the optimizer steps along.
enum GradientNormalization {
    /// The L2 norm of each, `[n]`; `nil` where there are none. One tensor for all, since each would have to be waited for.
    static func norms(of gradients: [Tensor]) -> Tensor? {
        guard !gradients.isEmpty else { return nil }
        return withoutGradient {
            let norms: [Tensor] = Operator.forEachNorm(gradients, 2)
            return Operator.stack(norms)
        }
    }

    /// The norm of all together, divided by `count`; 0 where there are none.
    static func norm(of parts: [Double], dividingBy count: Int) -> Double {
        parts.isEmpty ? 0 : parts.reduce(0) { $0 + $1 * $1 }.squareRoot() / Double(count)
    }

    /// What divides by `count` and clips the global L2 norm as torch's `clip_grad_norm_` does.
    static func factor(norm: Double, dividingBy count: Int, clippingAt limit: Double?) -> Double {
        1 / Double(count) * (limit.map { min(1, $0 / (norm + 1e-6)) } ?? 1)
    }
}
