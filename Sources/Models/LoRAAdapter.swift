import Foundation
import Torch

/// Low-rank adaptation (Hu et al. 2021, arXiv:2106.09685): `y = Wx + (α/r)·B(A(dropout(x)))`, as PEFT computes it.
public final class LoRAAdapter {
    /// What an adapter is made of before it is trained.
    public struct Options: Sendable, Equatable {
        public var rank = 16
        public var alpha = 32.0
        /// Probability that an input of `A` is dropped while training.
        public var dropout = 0.0
        /// Last parts of module names, e.g. `q_proj`.
        public var targetModules = ["q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"]

        public init() {}
    }

    /// One adapted layer.
    public struct Module {
        /// `[r, in]`
        public let a: Tensor
        /// `[out, r]`
        public let b: Tensor

        public init(a: Tensor, b: Tensor) { (self.a, self.b) = (a, b) }
    }

    public let options: Options
    /// The factor α/r.
    public var scale: Double { options.alpha / Double(options.rank) }
    /// Module names in the model's order.
    public let names: [String]
    public let modules: [String: Module]
    /// Of each module's dropout: its place among `names`.
    let streams: [String: Int]

    public init(options: Options, modules: [(name: String, module: Module)]) {
        self.options = options
        names = modules.map(\.name)
        self.modules = Dictionary(uniqueKeysWithValues: modules.map { ($0.name, $0.module) })
        streams = Dictionary(uniqueKeysWithValues: names.enumerated().map { ($1, $0) })
    }

    /// A fresh adapter with PEFT's initialisation: A uniform as `kaiming_uniform(a = √5)`, that is ±1/√in; B zero.
    ///
    /// - Throws: `ModelError.unknownTargetModules` with the names the model has.
    public convenience init(for model: any CausalLM, options: Options, seed: UInt64, dtype: DType = .float32) throws {
        let layers = model.linearLayers.filter { layer in options.targetModules.contains { layer.name.isModule($0) } }
        let unknown = options.targetModules.filter { target in !layers.contains { $0.name.isModule(target) } }
        guard unknown.isEmpty, !layers.isEmpty else {
            let known = Set(model.linearLayers.map { String($0.name.split(separator: ".").last!) })
            throw ModelError.unknownTargetModules(unknown, known: known.sorted())
        }
        let generator = Generator(seed: seed)
        let device = model.headWeight.device
        self.init(
            options: options,
            modules: layers.map { layer in
                let bound = 1 / Double(layer.shape[1]).squareRoot()
                let a = Tensor.empty([options.rank, layer.shape[1]])
                Operator.uniform(a, -bound, bound, generator) as Void
                let b = Tensor.zeros([layer.shape[0], options.rank])
                return (
                    layer.name, Module(a: a.converted(to: dtype).moved(to: device), b: b.converted(to: dtype).moved(to: device))
                )
            })
    }

    /// The same matrices with another dropout: what a warm start trains on with.
    public func replacing(dropout: Double) -> LoRAAdapter {
        var options = options
        options.dropout = dropout
        return LoRAAdapter(options: options, modules: names.map { ($0, modules[$0]!) })
    }

    /// A and B of every module, in order: what an optimizer trains. Names are PEFT's, without its prefix.
    public var parameters: NamedTensors {
        var parameters = NamedTensors()
        for name in names {
            parameters.set("\(name).lora_A.weight", modules[name]!.a)
            parameters.set("\(name).lora_B.weight", modules[name]!.b)
        }
        return parameters
    }

    /// - Parameters:
    ///   - base: `[N, out]`, the frozen layer's output.
    ///   - input: `[N, in]`
    /// - Returns: `base` with the adapter's part added; `base` itself where the module isn't adapted.
    func adding(to base: Tensor, input: Tensor, module name: String, dropout: Dropout?) -> Tensor {
        guard let module = modules[name] else { return base }
        let dropped = dropout.map { droppedOut(input, $0.stream(streams[name]!)) } ?? input
        // A float32 adapter on a bfloat16 base is rounded for the product; its gradient comes back in float32.
        let low: Tensor = Operator.linear(dropped, module.a.converted(to: base.dtype))  // [N, r]
        return Operator.addMatmul(base, low, module.b.converted(to: base.dtype).transpose, beta: 1, alpha: scale)
    }

    private func droppedOut(_ input: Tensor, _ dropout: Dropout) -> Tensor {
        // Linear, and its own transpose.
        differentiable([input]) {
            ([RowKernels.dropped(input.detached(), dropout)], { [$0[0].map { RowKernels.dropped($0, dropout) }] })
        }[0]
    }
}

extension String {
    /// Whether the last part of a module's name, or the whole of it, is `target`.
    func isModule(_ target: String) -> Bool { self == target || hasSuffix("." + target) }
}
