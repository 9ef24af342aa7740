import Torch

/// Turns accumulated sums into the gradient that the optimizer steps along.
enum GradientNormalization {
    /// Divides by `count`, clips the global L2 norm as torch's `clip_grad_norm_` does, and returns the norm before clipping.
    static func apply(to gradients: [Tensor], dividingBy count: Int, clippingAt limit: Double?) -> Double {
        guard !gradients.isEmpty else { return 0 }
        return withoutGradient {
            let norms: [Tensor] = Operator.forEachNorm(gradients, 2)
            // One read for all: each would wait for the device.
            let parts: [Double] = (Operator.stack(norms) as Tensor).values()
            let norm = parts.reduce(0) { $0 + $1 * $1 }.squareRoot() / Double(count)
            var factor = 1 / Double(count)
            if let limit { factor *= min(1, limit / (norm + 1e-6)) }
            Operator.forEachMultiply(gradients, factor) as Void
            return norm
        }
    }
}
