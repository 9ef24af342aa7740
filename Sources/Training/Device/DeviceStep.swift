import Corpora
import Models
import TokenSelection
import Torch

/// A window's work, given to the device at once: forward, scores, selection and backward of every micro-batch follow one another there,
/// and the host hears of all of them together, when it asks for what was launched.
///
/// The operations are those of `SelectedLossStep`, in its order, and so are the results.
final class DeviceStep {
    private let step: SelectedLossStep
    private let device: Device
    /// `nil` where nothing is repeated on fixed memory.
    private let repeats: RepeatedMicroBatches?

    /// - Parameter repeats: told what a micro-batch's work is.
    init(_ step: SelectedLossStep, repeating recorder: WorkRecorder?) {
        self.step = step
        device = step.model.headWeight.device
        repeats = recorder.map(RepeatedMicroBatches.init)
    }

    /// Whether a window of so many micro-batches is launched without waiting for the device.
    func launchesAtOnce(_ windowCount: Int) -> Bool { !step.competesAcross(windowCount) }

    /// - Throws: `SelectionError.nothingValid`; what the reference throws; and, where tokens compete across micro-batches, what
    ///   `LaunchedWindow.read` throws otherwise, for then the host has to know which they are.
    func launch(_ window: [TokenBatch], step number: Int) throws -> LaunchedWindow {
        let tensors = window.map { BatchTensors($0, on: device) }
        guard tensors.contains(where: { $0.validCount > 0 }) else { throw SelectionError.nothingValid }
        guard launchesAtOnce(window.count) else { return try rankTogether(window, tensors, number) }
        let parts = try tensors.enumerated().map { index, tensors -> LaunchedWindow.Part? in
            guard tensors.validCount > 0 else { return nil }
            let selection = try DeviceSelection(step.selector, groups: step.groups([tensors]))
            let noise = selection.noise(from: step.seed.generator(.selection, step: number, microBatch: index))
            let batch = MicroBatch(
                tensors: tensors, selection: selection, noise: noise.sent(to: device),
                reference: try reference(of: window[index]),
                dropout: step.dropout(step: number, microBatch: index, keyOn: repeats == nil ? nil : device))
            return LaunchedWindow.Part(
                selection: selection, referenceColumns: batch.reference?.columns.count ?? 0,
                report: try repeats?.report(of: batch) { [unowned self] in try work($0) } ?? work(batch))
        }
        return LaunchedWindow(step: step, number: number, contents: .pending(parts))
    }

    private func reference(of batch: TokenBatch) throws -> ReferenceMeasurements? {
        let needs = step.selector.needs
        guard needs.contains(.referenceLoss) else { return nil }
        guard let reference = step.reference else {
            throw TrainingError.referenceMissing(score: "\(type(of: step.selector.score))")
        }
        let opinion = try reference.measurements(of: batch, entropy: needs.contains(.referenceEntropy))
        return ReferenceMeasurements(loss: opinion.loss.sent(to: device), entropy: opinion.entropy?.sent(to: device))
    }

    // MARK: A micro-batch

    /// Forward, scores, selection and backward; the shapes of all of it are the batch's own.
    ///
    /// - Returns: what the host is to be told.
    private func work(_ batch: MicroBatch) throws -> Tensor {
        let (tensors, head) = (batch.tensors, LossHead(weight: step.model.headWeight))
        let weight = step.weight(of: batch.selection.selectedCount)
        guard step.scoresSeparately else {
            let carrying = GradientRows()
            let hidden = hiddenStates(tensors, batch.dropout, carrying)
            let scored = score(hidden, tensors, head, forGradient: true)
            let outcome = batch.selection(measurements(scored, batch.reference), noise: batch.noise)
            carrying.places = tensors.validRows.rows(outcome.indices)
            try hidden.rows(outcome.indices).backward(gradient: scored.gradient(ofRows: outcome.indices, scale: weight))
            return MicroBatchReport.packed(scored.loss, batch.reference, outcome)
        }
        let scored = withoutGradient { score(hiddenStates(tensors, nil), tensors, head) }
        let outcome = batch.selection(measurements(scored, batch.reference), noise: batch.noise)
        try train(tensors, rows: outcome.indices, batch.dropout, weight: weight)
        return MicroBatchReport.packed(scored.loss, batch.reference, outcome)
    }

    /// Of the valid positions, `[N, D]`.
    private func hiddenStates(_ tensors: BatchTensors, _ dropout: Dropout?, _ carrying: GradientRows? = nil) -> Tensor {
        tensors.valid(
            step.model.hiddenStates(tensors.inputIDs, adapter: step.adapter, dropout: dropout, gradientRows: carrying))
    }

    private func score(_ hidden: Tensor, _ tensors: BatchTensors, _ head: LossHead, forGradient: Bool = false) -> LossHead.Scored
    {
        head.score(
            hidden, targets: tensors.targets, entropy: step.selector.needs.contains(.entropy), forGradient: forGradient)
    }

    private func measurements(_ scored: LossHead.Scored, _ reference: ReferenceMeasurements?) -> TokenMeasurements {
        TokenMeasurements(
            loss: scored.loss, entropy: scored.entropy, referenceLoss: reference?.loss, referenceEntropy: reference?.entropy)
    }

    /// The pass that is trained on, where another scored, and backward from some of its rows.
    private func train(_ tensors: BatchTensors, rows: Tensor, _ dropout: Dropout?, weight: Double) throws {
        let carrying = GradientRows()
        carrying.places = tensors.validRows.rows(rows)
        let chosen = hiddenStates(tensors, dropout, carrying).rows(rows)
        let scored = LossHead(weight: step.model.headWeight).score(
            chosen, targets: tensors.targets.rows(rows), forGradient: true)
        try chosen.backward(gradient: scored.gradient(ofRows: .range(rows.count, on: device), scale: weight))
    }

    // MARK: Tokens that compete across micro-batches

    /// How many tokens of a micro-batch are trained on depends on the others' losses: the host asks once, between the passes.
    private func rankTogether(_ window: [TokenBatch], _ tensors: [BatchTensors], _ number: Int) throws -> LaunchedWindow {
        let head = LossHead(weight: step.model.headWeight)
        let references = try window.map(reference)
        let measured = withoutGradient {
            tensors.enumerated().map { index, tensors in
                let dropout = step.scoresWithDropout ? step.dropout(step: number, microBatch: index) : nil
                return measurements(score(hiddenStates(tensors, dropout), tensors, head), references[index])
            }
        }
        let all = TokenMeasurements.concatenated(measured)
        let selection = try DeviceSelection(step.selector, groups: step.groups(tensors))
        let noise = selection.noise(from: step.seed.generator(.selection, step: number, microBatch: 0)).sent(to: device)
        let reference = all.referenceLoss.map { ReferenceMeasurements(loss: $0, entropy: all.referenceEntropy) }
        let report = MicroBatchReport.packed(all.loss, reference, selection(all, noise: noise))
        let (losses, chosen) = try MicroBatchReport(
            selection: selection, referenceColumns: reference?.columns.count ?? 0, step: number
        ).read(report.values()[...])

        var result = SelectedLossStep.Result()
        result.count(chosen)
        let selected = SelectedLossStep.split(chosen.indices, lengths: tensors.map(\.validCount))
        var rest = losses[...]
        for (place, tensors) in tensors.enumerated() {
            result.count(Array(rest.prefix(tensors.validCount)), selected: selected[place])
            rest = rest.dropFirst(tensors.validCount)
            guard !selected[place].isEmpty else { continue }
            try train(
                tensors, rows: Tensor(selected[place], on: device), step.dropout(step: number, microBatch: place),
                weight: step.weight(of: selected[place].count))
        }
        return LaunchedWindow(step: step, number: number, contents: .known(result))
    }
}

/// What the device is given of a micro-batch before its work begins.
struct MicroBatch {
    var tensors: BatchTensors
    let selection: DeviceSelection
    var noise: DeviceSelection.Noise
    var reference: ReferenceMeasurements?
    var dropout: Dropout?
}

extension DeviceSelection.Noise {
    func sent(to device: Device) -> Self { Self(perturbation: perturbation?.sent(to: device), ties: ties?.sent(to: device)) }
}

extension ReferenceMeasurements {
    var columns: [Tensor] { [loss, entropy].compactMap { $0 } }
}
