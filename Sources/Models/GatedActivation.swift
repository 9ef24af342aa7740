import Checkpoints
import Torch

/// The middle of a feed-forward layer, `act(gate) · up` (Shazeer 2020, arXiv:2002.05202).
///
/// SiLU has kernels; GELU goes through libtorch's operators on every device.
struct GatedActivation {
    let activation: LayerPieces.Activation

    /// `[N, f]`, recorded.
    func callAsFunction(gate: Tensor, up: Tensor) -> Tensor {
        let opened: Tensor =
            switch activation {
            case .silu: Operator.silu(gate)
            case .geluTanh: Operator.gelu(gate, approximate: "tanh")
            }
        return opened * up
    }

    /// Of rows that hold gate, then up, unrecorded. `[N, 2f] → [N, f]`
    func kernel(_ gateUp: Tensor) -> Tensor {
        switch activation {
        case .silu: RowKernels.swiGLU(gateUp)
        case .geluTanh: RowOperators.geGLU(gateUp)
        }
    }

    /// `[N, f] → [N, 2f]`
    func kernelBackward(_ gradient: Tensor, gateUp: Tensor) -> Tensor {
        switch activation {
        case .silu: RowKernels.swiGLUBackward(gradient, gateUp: gateUp)
        case .geluTanh: RowOperators.geGLUBackward(gradient, gateUp: gateUp)
        }
    }
}
