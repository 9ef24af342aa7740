import Models
import Torch

/// AdamW (Loshchilov & Hutter 2017, arXiv:1711.05101) through libtorch's fused kernel.
public final class AdamW {
    public struct Options: Sendable, Equatable, Codable {
        public var learningRate = 1e-4
        public var beta1 = 0.9
        public var beta2 = 0.999
        public var epsilon = 1e-8
        public var weightDecay = 0.0

        public init() {}
    }

    public let options: Options
    let names: [String]
    let parameters: [Tensor]
    /// Running means of the gradients and of their squares, parameter by parameter.
    let means: [Tensor]
    let squares: [Tensor]
    /// Steps done, one counter a parameter, as the kernel wants it.
    let counters: [Tensor]

    public init(_ parameters: NamedTensors, options: Options) {
        self.options = options
        names = parameters.names
        self.parameters = parameters.map(\.tensor)
        means = self.parameters.map { .zeros($0.shape, dtype: $0.dtype, on: $0.device) }
        squares = self.parameters.map { .zeros($0.shape, dtype: $0.dtype, on: $0.device) }
        counters = self.parameters.map { .zeros([], on: $0.device) }
    }

    /// One step along the gradients that the parameters hold; a parameter without one stays as it is.
    public func step(learningRate: Double) {
        step(Operator.fusedAdamW, learningRate, skips: nil) { Operator.forEachAdd($0, 1) as Void }
    }

    /// The same with what is read when the step is taken, of rank 0, so that it can be recorded: the learning rate, and 1 where there is a
    /// step and 0 where everything stays as it is, in float32.
    func step(learningRate: Tensor, ifTaken isTaken: Tensor) {
        let skips: Tensor = Operator.addScalar(-isTaken, 1)
        step(Operator.fusedAdamWByTensor, learningRate, skips: skips) { Operator.forEachAddTensor($0, isTaken) as Void }
    }

    private func step(
        _ kernel: Operator, _ learningRate: any OperatorArgument, skips: Tensor?, _ count: ([Tensor]) -> Void
    ) {
        withoutGradient {
            let live = parameters.indices.filter { parameters[$0].gradient != nil }
            count(live.map { counters[$0] })
            let none: [Tensor] = []
            kernel(
                live.map { parameters[$0] }, live.map { parameters[$0].gradient! }, live.map { means[$0] },
                live.map { squares[$0] }, none, live.map { counters[$0] }, lr: learningRate, beta1: options.beta1,
                beta2: options.beta2, weight_decay: options.weightDecay, eps: options.epsilon, amsgrad: false,
                maximize: false, found_inf: skips) as Void
        }
    }

    /// Everything that a resumed run needs, by name.
    var state: NamedTensors {
        var state = NamedTensors()
        for (index, name) in names.enumerated() {
            state.set("mean.\(name)", means[index])
            state.set("square.\(name)", squares[index])
            state.set("step.\(name)", counters[index])
        }
        return state
    }
}
