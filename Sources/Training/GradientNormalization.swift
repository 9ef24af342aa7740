import Models
import Torch

/// Turns accumulated sums into the gradient that the optimizer steps along.
enum GradientNormalization {
    /// Divides by `count`, clips the global L2 norm as torch's `clip_grad_norm_` does, and returns the norm before clipping.
    /// Gradients whose norm is not finite are left as they are.
    static func apply(to gradients: [Tensor], dividingBy count: Int, clippingAt limit: Double?) -> Double {
        guard !gradients.isEmpty else { return 0 }
        return withoutGradient {
            let norms: [Tensor] = Operator.forEachNorm(gradients, 2)
            // One read for all: each would wait for the device.
            let parts: [Double] = (Operator.stack(norms) as Tensor).values()
            let norm = parts.reduce(0) { $0 + $1 * $1 }.squareRoot() / Double(count)
            guard norm.isFinite else { return norm }
            var factor = 1 / Double(count)
            if let limit { factor *= min(1, limit / (norm + 1e-6)) }
            Operator.forEachMultiply(gradients, factor) as Void
            return norm
        }
    }

    /// The weight whose gradient the backward pass spoilt first: the last in the model's order.
    static func firstNonFinite(of trained: NamedTensors) -> String? {
        withoutGradient {
            trained.reversed().first { _, tensor in
                guard let gradient = tensor.gradient else { return false }
                let norms: [Tensor] = Operator.forEachNorm([gradient], 2)
                return !(norms[0].item() as Double).isFinite
            }?.name
        }
    }
}
