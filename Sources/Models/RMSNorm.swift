import Torch

/// Root-mean-square normalisation (Zhang & Sennrich 2019, arXiv:1910.07467).
struct RMSNorm {
    /// `[D]`
    let weight: Tensor
    let epsilon: Double
    /// Whether rows are multiplied by 1 + weight, as Gemma's, and not by the weight.
    var addsOne = false

    /// `[…, D]`, recorded.
    func callAsFunction(_ input: Tensor) -> Tensor {
        guard addsOne else { return Operator.rmsNorm(input, weight.shape, weight, epsilon) }
        let normalized: Tensor = Operator.rmsNorm(input, weight.shape, nil, epsilon)
        return normalized + normalized * weight
    }

    /// Whether `kernel` loses nothing: 1 + weight has too few digits in bfloat16 for what the weight says.
    var hasKernel: Bool { !addsOne || weight.dtype != .bfloat16 }

    /// `[N, D]`, unrecorded, with what the backward pass needs; with `adding`, input += residual first.
    func kernel(_ input: Tensor, adding residual: Tensor? = nil) -> (normalized: Tensor, factor: Tensor) {
        RowKernels.rmsNorm(input, weight: scale, epsilon: epsilon, adding: residual)
    }

    /// The gradient with respect to the input, plus `residual`.
    func kernelBackward(_ gradient: Tensor, x: Tensor, factor: Tensor, adding residual: Tensor? = nil) -> Tensor {
        RowKernels.rmsNormBackward(gradient, x: x, weight: scale, factor: factor, adding: residual)
    }

    /// What the kernels multiply by. `[D]`
    private var scale: Tensor { addsOne ? weight.detached() + 1 : weight }
}
