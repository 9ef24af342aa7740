import Checkpoints
import Torch

extension LoRAAdapter {
    /// An adapter that was trained before, on a model it fits.
    ///
    /// - Throws: `ModelError.adapterMismatch` where a module is none of the model's linear layers or has another shape.
    public convenience init(_ folder: AdapterFolder, for model: any CausalLM, dtype: DType = .float32) throws {
        var options = Options()
        options.rank = folder.configuration.rank
        options.alpha = folder.configuration.alpha
        options.dropout = folder.configuration.dropout
        let device = model.headWeight.device
        let shapes = Dictionary(uniqueKeysWithValues: model.linearLayers.map { ($0.name, $0.shape) })
        if let stranger = folder.modules.keys.sorted().first(where: { shapes[$0] == nil }) {
            throw ModelError.adapterMismatch(module: stranger, reason: "the model has no such linear layer")
        }
        let modules = try model.linearLayers.compactMap { layer -> (name: String, module: Module)? in
            guard let pair = folder.modules[layer.name] else { return nil }
            guard [pair.outputSize, pair.inputSize] == layer.shape else {
                throw ModelError.adapterMismatch(
                    module: layer.name,
                    reason: "it is made for a \(pair.outputSize)×\(pair.inputSize) layer and the model's is "
                        + "\(layer.shape[0])×\(layer.shape[1])")
            }
            func tensor(_ values: [Float], _ shape: [Int]) -> Tensor {
                Tensor(values, shape: shape).converted(to: dtype).moved(to: device)
            }
            return (
                layer.name,
                Module(a: tensor(pair.a, [pair.rank, pair.inputSize]), b: tensor(pair.b, [pair.outputSize, pair.rank]))
            )
        }
        options.targetModules =
            switch folder.configuration.targetModules {
            case .names(let names): names
            case .pattern: modules.map(\.name)
            }
        self.init(options: options, modules: modules)
    }

    /// The adapter as PEFT stores it, in float32.
    ///
    /// - Parameter baseModel: the model it was trained on, as `adapter_config.json` names it.
    public func folder(baseModel: String?) -> AdapterFolder {
        AdapterFolder(
            configuration: AdapterConfiguration(
                rank: options.rank, alpha: options.alpha, dropout: options.dropout,
                targetModules: .names(options.targetModules), baseModel: baseModel),
            modules: modules.mapValues { LowRankPair(a: $0.a.values(), b: $0.b.values(), rank: options.rank) })
    }

    /// W + (α/r)·BA for an adapted layer, W itself for another. `[out, in]`
    public func merged(_ weight: Tensor, module name: String) -> Tensor {
        guard let module = modules[name] else { return weight }
        return withoutGradient { Operator.addMatmul(weight, module.b, module.a, beta: 1, alpha: scale) }
    }
}
