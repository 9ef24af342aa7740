import Models
import Torch

/// Sums gradients over all ranks, once an optimizer step, in one buffer.
enum GradientSum {
    /// Leaves at every tensor the sum of all ranks' gradients, the same bits on each; none at a tensor for which no rank has one.
    ///
    /// The sum is taken in float32, or float64 where the weights are: its order, and so its rounding, depends on the number of ranks.
    ///
    /// - Throws: `RankError.lost`
    static func apply(to trained: NamedTensors, among ranks: ProcessGroup) throws {
        guard ranks.count > 1 else { return }
        let tensors = trained.map(\.tensor)
        let holders = try ranks.sum(tensors.map { $0.gradient == nil ? 0 : 1 }, "counting gradients")
        let live = zip(tensors, holders).filter { $0.1 > 0 }.map(\.0)
        guard let dtype = live.first?.dtype else { return }
        try withoutGradient {
            let sum = Tensor.concatenated(
                live.map { tensor in
                    (tensor.gradient ?? .zeros(tensor.shape, dtype: tensor.dtype))
                        .converted(to: dtype == .float64 ? .float64 : .float32).reshaped([-1])
                })
            try ranks.sum(sum, "summing gradients")
            for (tensor, part) in zip(live, sum.split(live.map(\.count), along: 0)) {
                tensor.gradient = part.reshaped(tensor.shape).converted(to: tensor.dtype)
            }
        }
    }
}
