import Torch

/// An adapter's matrices of one layer, rounded to the layer's type together, and their gradients widened together: one by one, on a GPU,
/// the launches would be a fifth of a layer's.
struct RoundedModules {
    /// As they are trained: A, then B, module by module.
    let parameters: [Tensor]
    private(set) var modules: [String: LoRAAdapter.Module] = [:]

    /// - Parameter linears: those of the layer, in order.
    init(_ adapter: LoRAAdapter?, _ linears: [Linear], as dtype: DType) {
        let adapted = linears.compactMap { linear in adapter?.modules[linear.name].map { (name: linear.name, module: $0) } }
        parameters = adapted.flatMap { [$0.module.a, $0.module.b] }
        let rounded = Tensor.convertedTogether(parameters, to: dtype)
        for (place, (name, _)) in adapted.enumerated() {
            modules[name] = LoRAAdapter.Module(a: rounded[2 * place], b: rounded[2 * place + 1])
        }
    }

    /// - Parameter gradients: of all of `parameters`, in the layer's type.
    func widened(_ gradients: [Tensor]) -> [Tensor] {
        parameters.first.map { Tensor.convertedTogether(gradients, to: $0.dtype) } ?? []
    }
}
