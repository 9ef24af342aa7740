import Checkpoints
import Torch

/// A decoder-only language model.
///
/// A family is one type that conforms and one line in `ModelRegistry`.
public protocol CausalLM: AnyObject {
    var configuration: ModelConfiguration { get }

    /// Every weight under its Hugging Face name, in the model's order.
    var parameters: NamedTensors { get }

    /// The linear layers that an adapter can sit on, with the `[out, in]` shape of their weights.
    var linearLayers: [(name: String, shape: [Int])] { get }

    /// The weights of the language-model head, `[V, D]`; the embedding's where they are tied.
    var headWeight: Tensor { get }

    /// The last hidden states, after the final norm.
    ///
    /// - Parameters:
    ///   - inputIDs: `[B, T]`, int64.
    ///   - adapter: added to the base weights; `nil` is the base model itself, without a second copy.
    ///   - dropout: of the adapter's inputs, a mask for each of its modules; `nil` leaves it off.
    ///   - cache: keys and values of the tokens before, to which these are appended.
    ///   - gradientRows: says before the backward pass which rows carry a gradient, where that is known; what it saves is up to the
    ///     model.
    /// - Returns: `[B, T, D]`
    func hiddenStates(
        _ inputIDs: Tensor, adapter: LoRAAdapter?, dropout: Dropout?, cache: KeyValueCache?, gradientRows: GradientRows?
    ) -> Tensor

    /// The first module, in the order of the forward pass, whose output for these tokens is not finite: what to look at where a
    /// loss isn't. `nil` where all are, or the family doesn't tell.
    ///
    /// - Parameter inputIDs: `[B, T]`, int64.
    func firstNonFiniteModule(_ inputIDs: Tensor, adapter: LoRAAdapter?) -> String?

    /// Why a pass over texts runs the layers operator by operator; `nil` where each layer is one piece, which is faster.
    var reasonForPlainLayers: PlainReason? { get }

    /// The same model, its weights shared, whose forward passes multiply by the frozen linear layers in int8. Embeddings, norms, the
    /// head, adapters and every gradient stay as they are; the int8 weights come on top, a byte each.
    ///
    /// - Throws: `ModelError.noInt8` where the model's type, device or processor doesn't allow it.
    func withInt8Layers() throws -> any CausalLM
}

extension CausalLM {
    public func firstNonFiniteModule(_ inputIDs: Tensor, adapter: LoRAAdapter?) -> String? { nil }

    public func withInt8Layers() throws -> any CausalLM {
        throw ModelError.noInt8(dtype: "\(headWeight.dtype)", device: "\(headWeight.device)")
    }

    public func hiddenStates(
        _ inputIDs: Tensor, adapter: LoRAAdapter? = nil, dropout: Dropout? = nil, gradientRows: GradientRows? = nil
    ) -> Tensor {
        hiddenStates(inputIDs, adapter: adapter, dropout: dropout, cache: nil, gradientRows: gradientRows)
    }

    /// `[B, T, V]`, whole: for short texts, generation and tests. Training goes through `LossHead`.
    public func logits(_ inputIDs: Tensor, adapter: LoRAAdapter? = nil, cache: KeyValueCache? = nil) -> Tensor {
        Operator.linear(
            hiddenStates(inputIDs, adapter: adapter, dropout: nil, cache: cache, gradientRows: nil), headWeight)
    }

    /// Weights in the model, tied ones counted once.
    public var parameterCount: Int { parameters.reduce(0) { $0 + $1.tensor.count } }
}
