import Models
import Torch

/// The optimizer's step on a device that also decides whether there is one: it divides and clips as `GradientNormalization` does, and where there
/// is no finite direction to step in it leaves weights and optimizer as they are. The host hears of it later.
final class DeviceOptimizer {
    private let trained: [Tensor]
    private let optimizer: AdamW
    /// What the step reads, of rank 0: what is wrong with the losses, what divides, the learning rate, and the limit of the norm.
    private let faults, divisor, learningRate: Tensor
    private let limit: Tensor?
    /// Where the gradients lie, and the work, where it is repeated on fixed memory.
    private let repeated: (gradients: [Tensor], work: RepeatedWork)?
    private let norms: Output

    private final class Output { var tensor: Tensor? }

    init(
        _ trained: NamedTensors, _ optimizer: AdamW, clippingAt limit: Double?, on device: Device,
        repeating recorder: WorkRecorder?
    ) {
        let tensors = trained.map(\.tensor)
        func place(_ dtype: DType) -> Tensor { .zeros([], dtype: dtype, on: device) }
        (self.trained, self.optimizer) = (tensors, optimizer)
        (faults, divisor) = (place(.float64), place(.float64))
        // The fused kernel reads a learning rate of float32 on a GPU, and one of any type on the CPU.
        learningRate = place(device == .cpu ? .float64 : .float32)
        self.limit = limit.map { Tensor(scalar: $0).converted(to: .float64).moved(to: device) }
        norms = Output()
        guard let recorder else {
            repeated = nil
            return
        }
        let gradients = tensors.map { Tensor.zeros($0.shape, dtype: $0.dtype, on: $0.device) }
        let work = recorder.work { [norms, faults, divisor, learningRate, limit = self.limit] in
            let found = Self.step(
                gradients, optimizer, faults: faults, divisor: divisor, learningRate: learningRate, limit: limit)
            // Outside of what graphs share: made when the work is first rehearsed.
            if let place = norms.tensor { place.assign(found) } else { norms.tensor = found.cloned() }
        }
        repeated = (gradients, work)
    }

    /// Leaves the trained tensors without a sum of gradients, or with zeros in the place where it is to be.
    func clearGradients() {
        guard let repeated else {
            for tensor in trained { tensor.gradient = nil }
            return
        }
        for (tensor, gradient) in zip(trained, repeated.gradients) { tensor.gradient = gradient }
        withoutGradient { Operator.forEachZero(repeated.gradients) as Void }
    }

    /// - Parameters:
    ///   - faults: 0 where the losses that the gradients come from are sound.
    ///   - divisor: what makes a mean gradient of the sums.
    /// - Returns: the norm of each sum that there is, `[n]`.
    func step(faults: Tensor, dividingBy divisor: Int, learningRate: Double) throws -> Tensor {
        func write(_ value: Double, to place: Tensor) {
            place.assign(Tensor(scalar: value).converted(to: place.dtype).sent(to: place.device))
        }
        self.faults.assign(faults)
        write(Double(divisor), to: self.divisor)
        write(learningRate, to: self.learningRate)
        guard let repeated else {
            return Self.step(
                trained.compactMap(\.gradient), optimizer, faults: self.faults, divisor: self.divisor,
                learningRate: self.learningRate, limit: limit)
        }
        try repeated.work()
        // The next step writes to the same place.
        return withoutGradient { norms.tensor!.cloned() }
    }

    /// - Returns: the norm of each sum of gradients.
    private static func step(
        _ gradients: [Tensor], _ optimizer: AdamW, faults: Tensor, divisor: Tensor, learningRate: Tensor, limit: Tensor?
    ) -> Tensor {
        withoutGradient {
            let norms: Tensor = GradientNormalization.norms(of: gradients) ?? .zeros([0], on: faults.device)
            let wide = norms.converted(to: .float64)
            let norm = (wide * wide).sum().squareRoot() / divisor
            // Divided by 0 where something is wrong; NaN is no number's equal, itself not excepted.
            let isSound: Tensor = Operator.equal(faults, faults * 0)
            let judged = norm / isSound.converted(to: .float64)
            let (isFinite, isPositive): (Tensor, Tensor) = (Operator.isFinite(judged), Operator.greaterThan(judged, 0))
            let isTaken = isFinite.converted(to: .float32) * isPositive.converted(to: .float32)
            var factor: Tensor = Operator.reciprocal(divisor)
            if let limit { factor = factor * (Operator.clamp(limit / (norm + 1e-6), max: 1.0) as Tensor) }
            multiply(gradients, factor.converted(to: learningRate.dtype))
            optimizer.step(learningRate: learningRate, ifTaken: isTaken)
            return norms
        }
    }

    /// Gradients of fewer bits are multiplied in the factor's, as by a number of the host's.
    private static func multiply(_ gradients: [Tensor], _ factor: Tensor) {
        let narrow = gradients.filter { [.bfloat16, .float16].contains($0.dtype) }
        Operator.forEachMultiplyByTensor(gradients.filter { ![.bfloat16, .float16].contains($0.dtype) }, factor) as Void
        guard !narrow.isEmpty else { return }
        let wide = Tensor.convertedTogether(narrow, to: .float32)
        Operator.forEachMultiplyByTensor(wide, factor) as Void
        Operator.forEachCopy(narrow, wide) as Void
    }
}
