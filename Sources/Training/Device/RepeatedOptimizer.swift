import Models
import Torch

/// The optimizer's step as repeated work, and the gradients that it and the micro-batches' work find in the same place each time.
final class RepeatedOptimizer {
    private let trained: [Tensor]
    private let gradients: [Tensor]
    /// What the gradients are multiplied by, and the learning rate: of rank 0.
    private let factor: Tensor
    private let learningRate: Tensor
    private let work: RepeatedWork

    init(_ trained: NamedTensors, _ optimizer: AdamW, _ recorder: WorkRecorder) {
        self.trained = trained.map(\.tensor)
        let gradients = self.trained.map { Tensor.zeros($0.shape, dtype: $0.dtype, on: $0.device) }
        // The fused kernel reads a learning rate of float32 on a GPU, and one of any type on the CPU.
        let precise: DType = recorder.device == .cpu ? .float64 : .float32
        let (factor, learningRate) = (
            Tensor.zeros([], on: recorder.device), Tensor.zeros([], dtype: precise, on: recorder.device)
        )
        (self.gradients, self.factor, self.learningRate) = (gradients, factor, learningRate)
        work = recorder.work {
            withoutGradient {
                Operator.forEachMultiplyByTensor(gradients, factor) as Void
                optimizer.step(learningRate: learningRate)
            }
        }
    }

    /// Gives every trained tensor its gradient's place, and zeros there.
    func clearGradients() {
        for (tensor, gradient) in zip(trained, gradients) { tensor.gradient = gradient }
        withoutGradient { Operator.forEachZero(gradients) as Void }
    }

    func step(multiplyingBy factor: Double, learningRate: Double) throws {
        func write(_ value: Double, to place: Tensor) {
            place.assign((Tensor(scalar: value)).converted(to: place.dtype).sent(to: place.device))
        }
        write(factor, to: self.factor)
        write(learningRate, to: self.learningRate)
        try work()
    }
}
