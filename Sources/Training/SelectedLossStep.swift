import Corpora
import Models
import TokenSelection
import Torch

/// Forward, scores, selection and backward for the micro-batches of one optimizer step.
///
/// Gradients accumulate as those of the *sum* over selected tokens; who owns the optimizer divides once by the number of
/// selected tokens in the whole window, so that micro-batches with unequal counts weigh as they should.
package struct SelectedLossStep {
    let model: any CausalLM
    let adapter: LoRAAdapter?
    let selector: TokenSelector
    let reference: (any ReferenceLoss)?
    /// Take the scores from the pass that is trained on, dropout and all, as the replication does.
    let scoresWithDropout: Bool
    let seed: RunSeed

    package init(
        model: any CausalLM, adapter: LoRAAdapter?, selector: TokenSelector, reference: (any ReferenceLoss)?,
        scoresWithDropout: Bool, seed: RunSeed
    ) {
        (self.model, self.adapter, self.selector, self.reference) = (model, adapter, selector, reference)
        (self.scoresWithDropout, self.seed) = (scoresWithDropout, seed)
    }

    /// Sums over the window.
    package struct Result {
        package var validCount = 0
        package var selectedCount = 0
        package var lossSum = 0.0
        package var selectedLossSum = 0.0
        package var candidateCount = 0
        package var filledCount = 0
        package var allTied = false

        fileprivate mutating func count(_ selection: TokenSelection) {
            candidateCount += selection.candidateCount
            filledCount += selection.filledCount
            allTied = allTied || selection.allTied
        }

        fileprivate mutating func count(_ losses: [Float], selected: [Int]) {
            validCount += losses.count
            selectedCount += selected.count
            lossSum += losses.reduce(0) { $0 + Double($1) }
            selectedLossSum += selected.reduce(0) { $0 + Double(losses[$1]) }
        }
    }

    /// - Throws: `SelectionError.nothingValid` where no token of the window is valid; `TrainingError.nonFinite`.
    package func callAsFunction(_ window: [TokenBatch], step: Int) throws -> Result {
        guard window.contains(where: { $0.validMask.contains(true) }) else { throw SelectionError.nothingValid }
        return try needsScoringPass(window.count) ? scoreThenTrain(window, step: step) : trainWhileScoring(window, step: step)
    }

    /// Selection has to wait where tokens compete across micro-batches, or where scores are taken without the dropout that
    /// the training pass uses.
    private func needsScoringPass(_ windowCount: Int) -> Bool {
        let competesAcross = selector.pool == .batch && windowCount > 1
        let scoresWithoutDropout = selector.policy.usesScores && !scoresWithDropout && (adapter?.options.dropout ?? 0) > 0
        return competesAcross || scoresWithoutDropout
    }

    // MARK: One pass

    private func trainWhileScoring(_ window: [TokenBatch], step: Int) throws -> Result {
        var result = Result()
        for (index, batch) in window.enumerated() where batch.validMask.contains(true) {
            let tensors = BatchTensors(batch, on: model.headWeight.device)
            let hidden = tensors.valid(forward(tensors, step: step, microBatch: index))
            let (scored, measurements) = try measure(hidden, batch, tensors, step: step)
            let selection = try selector.select(
                measurements, groups: groups([tensors]), noise: seed.generator(.selection, step: step, microBatch: index))
            let rows = Tensor(selection.indices, on: hidden.device)
            try hidden.rows(rows).backward(gradient: scored.gradient(ofRows: rows))
            result.count(selection)
            result.count(measurements.loss.values(), selected: selection.indices)
        }
        return result
    }

    // MARK: Two passes

    private func scoreThenTrain(_ window: [TokenBatch], step: Int) throws -> Result {
        let batches = window.map { BatchTensors($0, on: model.headWeight.device) }
        let measured = try withoutGradient {
            try zip(window, batches).enumerated().map { index, pair in
                let (batch, tensors) = pair
                let hidden =
                    scoresWithDropout
                    ? forward(tensors, step: step, microBatch: index)
                    : model.hiddenStates(tensors.inputIDs, adapter: adapter)
                return try measure(tensors.valid(hidden), batch, tensors, step: step).measurements
            }
        }

        var result = Result()
        let selected: [[Int]]
        if selector.pool == .batch {
            let selection = try selector.select(
                .concatenated(measured), groups: groups(batches), noise: seed.generator(.selection, step: step, microBatch: 0))
            result.count(selection)
            selected = Self.split(selection.indices, lengths: batches.map(\.validCount))
        } else {
            selected = try zip(measured, batches).enumerated().map { index, pair in
                guard pair.1.validCount > 0 else { return [] }
                let selection = try selector.select(
                    pair.0, groups: groups([pair.1]), noise: seed.generator(.selection, step: step, microBatch: index))
                result.count(selection)
                return selection.indices
            }
        }

        let head = LossHead(weight: model.headWeight)
        for (index, tensors) in batches.enumerated() {
            result.count(measured[index].loss.values(), selected: selected[index])
            guard !selected[index].isEmpty else { continue }
            let rows = Tensor(selected[index], on: model.headWeight.device)
            let hidden = tensors.valid(forward(tensors, step: step, microBatch: index)).rows(rows)
            let scored = head.score(hidden, targets: tensors.targets.rows(rows))
            try hidden.backward(gradient: scored.gradient(ofRows: .range(selected[index].count, on: rows.device)))
        }
        return result
    }

    /// Cuts ascending positions in a concatenation into positions in its parts.
    private static func split(_ indices: [Int], lengths: [Int]) -> [[Int]] {
        var (start, rest) = (0, indices[...])
        return lengths.map { length in
            let end = start + length
            let part = rest.prefix { $0 < end }
            rest = rest.dropFirst(part.count)
            defer { start = end }
            return part.map { $0 - start }
        }
    }

    // MARK: Pieces

    /// The pass that is trained on. The same dropout for the same place in the run, however often it is asked for.
    private func forward(_ tensors: BatchTensors, step: Int, microBatch: Int) -> Tensor {
        let dropout = (adapter?.options.dropout ?? 0) > 0 ? seed.generator(.dropout, step: step, microBatch: microBatch) : nil
        return model.hiddenStates(tensors.inputIDs, adapter: adapter, dropout: dropout)
    }

    private func measure(
        _ hidden: Tensor, _ batch: TokenBatch, _ tensors: BatchTensors, step: Int
    ) throws -> (scored: LossHead.Scored, measurements: TokenMeasurements) {
        let needs = selector.needs
        let scored = LossHead(weight: model.headWeight).score(
            hidden, targets: tensors.targets, entropy: needs.contains(.entropy))
        guard scored.loss.isAllFinite else { throw TrainingError.nonFinite(what: "the loss", step: step) }
        var measurements = TokenMeasurements(loss: scored.loss, entropy: scored.entropy)
        if needs.contains(.referenceLoss) {
            guard let reference else { throw TrainingError.referenceMissing(score: "\(type(of: selector.score))") }
            let losses = try reference.losses(of: batch).moved(to: hidden.device)
            guard losses.isAllFinite else { throw TrainingError.nonFinite(what: "the reference loss", step: step) }
            measurements.referenceLoss = losses
        }
        return (scored, measurements)
    }

    /// How many consecutive valid tokens compete with each other.
    private func groups(_ batches: [BatchTensors]) -> [Int] {
        switch selector.pool {
        case .sequence: batches.flatMap(\.validPerBlock)
        case .microBatch: batches.map(\.validCount)
        case .batch: [batches.reduce(0) { $0 + $1.validCount }]
        }
    }
}

extension TokenMeasurements {
    static func concatenated(_ parts: [TokenMeasurements]) -> TokenMeasurements {
        func joined(_ tensors: [Tensor?]) -> Tensor? {
            let present = tensors.compactMap { $0 }
            return present.count == parts.count ? .concatenated(present) : nil
        }
        return TokenMeasurements(
            loss: .concatenated(parts.map(\.loss)), entropy: joined(parts.map(\.entropy)),
            referenceLoss: joined(parts.map(\.referenceLoss)))
    }
}
