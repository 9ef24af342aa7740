/// The row kernels' work by libtorch's operators, on any device and in any type, float32 in between for shorter ones:
/// what runs where there is no kernel, and the kernels' oracle.
package enum RowOperators {
    /// With `adding`, x += residual first.
    package static func rmsNorm(
        _ x: Tensor, weight: Tensor, epsilon: Double, adding residual: Tensor? = nil
    ) -> (normalized: Tensor, factor: Tensor) {
        if let residual { x += residual }
        let wide = x.widened
        let factor: Tensor = Operator.reciprocalSquareRoot((Operator.meanAlong(wide * wide, [1]) as Tensor) + epsilon)
        return ((wide * factor.unsqueezed(1) * weight.widened).converted(to: x.dtype), factor)
    }

    package static func rmsNormBackward(
        _ gradient: Tensor, x: Tensor, weight: Tensor, factor: Tensor, adding residual: Tensor? = nil
    ) -> Tensor {
        let (wide, factor) = (x.widened, factor.unsqueezed(1))
        let weighted = gradient.widened * weight.widened
        // [n, 1]
        let along = (weighted * wide).sum(along: 1, keepingDimension: true) * factor * factor * factor * (1 / Double(x.size(1)))
        let own = weighted * factor - wide * along
        return (residual.map { $0.widened + own } ?? own).converted(to: x.dtype)
    }

    package static func swiGLU(_ gateUp: Tensor) -> Tensor {
        let (gate, up) = halves(gateUp)
        return ((Operator.silu(gate) as Tensor) * up).converted(to: gateUp.dtype)
    }

    package static func swiGLUBackward(_ gradient: Tensor, gateUp: Tensor) -> Tensor {
        let ((gate, up), outer) = (halves(gateUp), gradient.widened)
        let sigmoid: Tensor = Operator.sigmoid(gate)
        let silu = gate * sigmoid
        let slope = sigmoid + silu - silu * sigmoid
        return Tensor.concatenated([outer * up * slope, outer * silu], along: 1).converted(to: gateUp.dtype)
    }

    /// `gelu(gate) · up`, the gate through the approximation by a hyperbolic tangent. `[n, 2f] → [n, f]`
    package static func geGLU(_ gateUp: Tensor) -> Tensor {
        let (gate, up) = halves(gateUp)
        return ((Operator.gelu(gate, approximate: "tanh") as Tensor) * up).converted(to: gateUp.dtype)
    }

    package static func geGLUBackward(_ gradient: Tensor, gateUp: Tensor) -> Tensor {
        let ((gate, up), outer) = (halves(gateUp), gradient.widened)
        let ofGate: Tensor = Operator.geluBackward(outer * up, gate, approximate: "tanh")
        let ofUp = outer * (Operator.gelu(gate, approximate: "tanh") as Tensor)
        return Tensor.concatenated([ofGate, ofUp], along: 1).converted(to: gateUp.dtype)
    }

    package static func rotate(_ rows: Tensor, cosine: Tensor, sine: Tensor, inverse: Bool = false) {
        let (positions, size) = (cosine.size(0), cosine.size(1))
        // [b, t, heads, size], a view
        let heads = rows.reshaped([-1, positions, rows.size(1) / size, size])
        func angles(_ table: Tensor) -> Tensor { table.unsqueezed(1) }
        let parts = heads.widened.split([size / 2, size / 2], along: 3)
        let quarterTurned = Tensor.concatenated(inverse ? [parts[1], -parts[0]] : [-parts[1], parts[0]], along: 3)
        heads.assign(heads.widened * angles(cosine) + quarterTurned * angles(sine))
    }

    package static func crossEntropy(
        _ logits: Tensor, targets: Tensor, entropy wantsEntropy: Bool
    ) -> (loss: Tensor, normalizer: Tensor, entropy: Tensor?) {
        let logits = logits.widened
        let normalizer: Tensor = Operator.logSumExp(logits, [1], true)  // [n, 1]
        let target: Tensor = Operator.gather(logits, 1, targets.unsqueezed(1))
        let loss = (normalizer - target).reshaped([-1])
        guard wantsEntropy else { return (loss, normalizer.reshaped([-1]), nil) }
        // H = log Z − Σ p·logit
        let expected = ((logits - normalizer).exponential() * logits).sum(along: 1, keepingDimension: true)
        return (loss, normalizer.reshaped([-1]), (normalizer - expected).reshaped([-1]))
    }

    package static func crossEntropyBackward(_ logits: Tensor, targets: Tensor, normalizer: Tensor) {
        let probabilities = (logits.widened - normalizer.unsqueezed(1)).exponential()
        // A target that these columns lack subtracts nothing, anywhere.
        let places: Tensor = Operator.clamp(targets.unsqueezed(1), 0, logits.size(1) - 1)
        let isHere: Tensor = Operator.equal(targets.unsqueezed(1), places)
        Operator.scatterAddInPlace(probabilities, 1, places, isHere.converted(to: probabilities.dtype) * -1.0) as Void
        logits.assign(probabilities)
    }

    private static func halves(_ gateUp: Tensor) -> (gate: Tensor, up: Tensor) {
        let parts = gateUp.widened.split([gateUp.size(1) / 2, gateUp.size(1) / 2], along: 1)
        return (parts[0], parts[1])
    }
}

extension Tensor {
    /// In the type that is calculated in: float32, or float64 as it is.
    var widened: Tensor { dtype == .float64 ? self : converted(to: .float32) }
}
