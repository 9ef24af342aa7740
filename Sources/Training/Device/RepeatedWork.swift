import TokenSelection
import Torch

/// Work that is done again and again on the same memory: as it is the first times, which are its rehearsals, and from then on, where it
/// may be recorded, as one launch of a CUDA graph.
final class RepeatedWork {
    private let recorder: WorkRecorder
    private let body: () throws -> Void
    private var graph: CUDAGraph?
    private var timesDone = 0

    fileprivate init(_ recorder: WorkRecorder, _ body: @escaping () throws -> Void) {
        (self.recorder, self.body) = (recorder, body)
    }

    /// - Throws: `TrainingError.notRecorded`; what the work throws.
    func callAsFunction() throws {
        if let graph { return try graph.replay() }
        guard recorder.captures, timesDone >= WorkRecorder.rehearsals else {
            timesDone += 1
            return try body()
        }
        let recorded = try recorder.graph(body)
        graph = recorded
        try recorded.replay()
    }
}

/// What the pieces of a step are recorded by.
final class WorkRecorder {
    /// Kernels are loaded, and libraries make themselves at home on the stream, when work is first done; the second time shows that
    /// nothing of that is left.
    static let rehearsals = 2

    let device: Device
    /// Whether graphs are made; otherwise work is repeated as it is, on the same memory.
    let captures: Bool
    /// All of a step's pieces follow one another and read nothing that another left in the graphs' memory, so they share it.
    private var first: CUDAGraph?

    init(on device: Device, captures: Bool) { (self.device, self.captures) = (device, captures) }

    func work(_ body: @escaping () throws -> Void) -> RepeatedWork { RepeatedWork(self, body) }

    fileprivate func graph(_ body: () throws -> Void) throws -> CUDAGraph {
        do {
            let graph = try CUDAGraph(on: device, sharing: first, body)
            first = first ?? graph
            return graph
        } catch let error as TorchError {
            throw TrainingError.notRecorded(reason: "\(error)")
        }
    }
}

/// Micro-batches of a shape share a place in memory, and the work on it.
final class RepeatedMicroBatches {
    private struct Shape: Hashable {
        let inputs: [Int]
        let pools: [Int]
    }

    /// Shapes beyond as many are worked on as they come: each keeps a graph.
    static let limit = 8

    private let recorder: WorkRecorder
    private var places: [Shape: RepeatedMicroBatch] = [:]

    init(_ recorder: WorkRecorder) { self.recorder = recorder }

    /// - Parameter work: gives a micro-batch's report, and reads nothing but the batch and what stays where it is.
    func report(of batch: MicroBatch, _ work: @escaping (MicroBatch) throws -> Tensor) throws -> Tensor {
        let shape = Shape(inputs: batch.tensors.inputIDs.shape, pools: batch.selection.groups)
        if let place = places[shape] { return try place.report(of: batch) }
        guard places.count < Self.limit else { return try work(batch) }
        let place = RepeatedMicroBatch(batch, recorder, work)
        places[shape] = place
        return try place.report(of: batch)
    }
}

private final class RepeatedMicroBatch {
    private let inputs: [Tensor]
    private let output: Output
    private let work: RepeatedWork

    private final class Output { var report: Tensor? }

    /// - Parameter batch: the first of its shape.
    init(_ batch: MicroBatch, _ recorder: WorkRecorder, _ work: @escaping (MicroBatch) throws -> Tensor) {
        let place = batch.copied()
        let output = Output()
        (inputs, self.output) = (place.inputs, output)
        self.work = recorder.work {
            let report = try work(place)
            // Outside of what graphs share: made when the work is first rehearsed.
            if let place = output.report { place.assign(report) } else { output.report = report.cloned() }
        }
    }

    func report(of batch: MicroBatch) throws -> Tensor {
        for (place, value) in zip(inputs, batch.inputs) { place.assign(value) }
        try work()
        // The next micro-batch writes to the same place.
        return withoutGradient { output.report!.cloned() }
    }
}

extension MicroBatch {
    /// What differs between micro-batches of a shape.
    fileprivate var inputs: [Tensor] {
        [tensors.inputIDs, tensors.validRows, tensors.targets] + (reference?.columns ?? [])
            + [noise.perturbation, noise.ties, dropout?.place].compactMap { $0 }
    }

    /// The same in memory of its own.
    fileprivate func copied() -> MicroBatch {
        withoutGradient {
            var copy = self
            copy.tensors = BatchTensors(
                inputIDs: tensors.inputIDs.cloned(), validRows: tensors.validRows.cloned(), targets: tensors.targets.cloned(),
                validPerBlock: tensors.validPerBlock)
            copy.reference = reference.map {
                ReferenceMeasurements(loss: $0.loss.cloned(), entropy: $0.entropy?.cloned())
            }
            copy.dropout = dropout.flatMap { dropout in dropout.place.map { dropout.placed(in: $0.cloned()) } }
            copy.noise = DeviceSelection.Noise(perturbation: noise.perturbation?.cloned(), ties: noise.ties?.cloned())
            return copy
        }
    }
}
