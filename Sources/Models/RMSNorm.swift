import Torch

/// Root-mean-square normalisation (Zhang & Sennrich 2019, arXiv:1910.07467).
struct RMSNorm {
    /// `[D]`
    let weight: Tensor
    let epsilon: Double

    /// `[…, D]`, recorded.
    func callAsFunction(_ input: Tensor) -> Tensor {
        Operator.rmsNorm(input, weight.shape, weight, epsilon)
    }

    /// `[N, D]`, unrecorded, with what the backward pass needs; with `adding`, input += residual first.
    func kernel(_ input: Tensor, adding residual: Tensor? = nil) -> (normalized: Tensor, factor: Tensor) {
        RowKernels.rmsNorm(input, weight: weight, epsilon: epsilon, adding: residual)
    }

    /// The gradient with respect to the input, plus `residual`.
    func kernelBackward(_ gradient: Tensor, x: Tensor, factor: Tensor, adding residual: Tensor? = nil) -> Tensor {
        RowKernels.rmsNormBackward(gradient, x: x, weight: weight, factor: factor, adding: residual)
    }
}
