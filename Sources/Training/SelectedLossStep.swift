import Corpora
import Models
import TokenSelection
import Torch

/// Forward, scores, selection and backward for the micro-batches of one optimizer step.
///
/// Gradients accumulate as those of the *sum* over selected tokens; who owns the optimizer divides once by the number of
/// selected tokens in the whole window, so that micro-batches with unequal counts weigh as they should. The replication's
/// mean of means is there to be compared with.
package struct SelectedLossStep {
    let model: any CausalLM
    let adapter: LoRAAdapter?
    let selector: TokenSelector
    let reference: (any ReferenceLoss)?
    /// Take the scores from the pass that is trained on, dropout and all, as the replication does.
    let scoresWithDropout: Bool
    /// Give every micro-batch the same weight, however many of its tokens are selected, as the replication does.
    let meansPerMicroBatch: Bool
    /// Chooses in the selector's place.
    let replay: SelectionReplay?
    let seed: RunSeed
    /// Who share a window: each rank takes whole micro-batches, as many as any other, in order. What a micro-batch gives doesn't
    /// depend on who takes it.
    let ranks: ProcessGroup
    /// Who is told how far the gradients are.
    var gradientSum: GradientSum?

    package init(
        model: any CausalLM, adapter: LoRAAdapter?, selector: TokenSelector, reference: (any ReferenceLoss)?,
        scoresWithDropout: Bool, meansPerMicroBatch: Bool = false, replay: SelectionReplay? = nil, seed: RunSeed,
        ranks: ProcessGroup = ProcessGroup()
    ) {
        (self.model, self.adapter, self.selector, self.reference) = (model, adapter, selector, reference)
        (self.scoresWithDropout, self.meansPerMicroBatch) = (scoresWithDropout, meansPerMicroBatch)
        (self.replay, self.seed, self.ranks) = (replay, seed, ranks)
    }

    /// Sums over the window, or over a rank's share of it.
    package struct Result {
        package var validCount = 0
        package var selectedCount = 0
        /// Of each micro-batch.
        package var lossSums: [Double] = []
        package var selectedLossSums: [Double] = []
        package var candidateCount = 0
        package var filledCount = 0
        package var allTied = false
        package var scoreDeciles: [Int]?
        /// What makes a mean gradient of the accumulated one.
        package var gradientDivisor = 0
        /// For each micro-batch the selected among its valid tokens, ascending.
        package var selected: [[Int]] = []

        package var lossSum: Double { lossSums.reduce(0, +) }
        package var selectedLossSum: Double { selectedLossSums.reduce(0, +) }

        mutating func count(_ selection: TokenSelection) {
            candidateCount += selection.candidateCount
            filledCount += selection.filledCount
            allTied = allTied || selection.allTied
            guard let deciles = selection.scoreDeciles else { return }
            scoreDeciles = scoreDeciles.map { zip($0, deciles).map(+) } ?? deciles
        }

        /// Of a window that isn't stepped along.
        static func skipped(_ window: [TokenBatch], lossSum: Double) -> Result {
            var result = Result()
            result.validCount = window.reduce(0) { $0 + $1.validCount }
            result.candidateCount = result.validCount
            result.lossSums = [lossSum]
            result.selected = window.map { _ in [] }
            return result
        }

        mutating func count(_ losses: [Float], selected: [Int]) {
            validCount += losses.count
            selectedCount += selected.count
            self.selected.append(selected)
            lossSums.append(losses.reduce(0) { $0 + Double($1) })
            selectedLossSums.append(selected.reduce(0) { $0 + Double(losses[$1]) })
        }
    }

    /// Takes this rank's share of the window. Gradients are those of the share alone; the result is that of the whole window.
    ///
    /// - Throws: `SelectionError.nothingValid` where no token of the window is valid; `TrainingError.nonFiniteLoss`, on every rank
    ///   where it is so on one; `.nonFiniteReference`; `RankError.lost`.
    package func callAsFunction(_ window: [TokenBatch], step: Int) throws -> Result {
        guard window.contains(where: { $0.validMask.contains(true) }) else { throw SelectionError.nothingValid }
        var part: Result?
        do {
            part = try needsScoringPass(window.count) ? scoreThenTrain(window, step: step) : trainWhileScoring(window, step: step)
        } catch TrainingError.nonFiniteLoss {
            part = nil
        }
        // Before the next request, which all ranks make at the same place.
        try gradientSum?.sendRest()
        guard var result = try Result.joined(part, of: window, among: ranks) else {
            throw TrainingError.nonFiniteLoss(step: step)
        }
        result.gradientDivisor = divisor(of: result.selected.map(\.count))
        return result
    }

    /// - Parameter selected: how many tokens of each micro-batch are.
    func divisor(of selected: [Int]) -> Int {
        meansPerMicroBatch ? selected.count { $0 > 0 } : selected.reduce(0, +)
    }

    /// This rank's micro-batches, with their numbers in the window.
    func share(of window: [TokenBatch]) -> [(index: Int, batch: TokenBatch)] {
        ranks.share(of: window.count).map { ($0, window[$0]) }
    }

    /// Selection has to wait where tokens compete across micro-batches, or where scores are taken without the dropout that
    /// the training pass uses.
    func needsScoringPass(_ windowCount: Int) -> Bool { competesAcross(windowCount) || scoresSeparately }

    /// Whether tokens compete across micro-batches.
    func competesAcross(_ windowCount: Int) -> Bool { selector.pool == .batch && windowCount > 1 }

    /// Whether scores are free of the dropout that is trained with.
    var scoresSeparately: Bool {
        selector.policy.usesScores && !scoresWithDropout && (adapter?.options.dropout ?? 0) > 0
    }

    // MARK: One pass

    private func trainWhileScoring(_ window: [TokenBatch], step: Int) throws -> Result {
        var result = Result()
        let share = share(of: window)
        for (index, batch) in share {
            guard batch.validMask.contains(true) else {
                result.count([], selected: [])
                continue
            }
            let tensors = BatchTensors(batch, on: model.headWeight.device)
            let carrying = GradientRows()
            let hidden = tensors.valid(forward(tensors, step: step, microBatch: index, carrying))
            let (scored, measurements) = try measure(hidden, batch, tensors, step: step, forGradient: true)
            let selected = try select(measurements, batch, tensors, step: step, microBatch: index, counting: &result)
            result.count(measurements.loss.values(), selected: selected)
            guard !selected.isEmpty else { continue }
            let rows = Tensor(selected, on: hidden.device)
            carrying.places = tensors.validRows.rows(rows)
            let gradient = scored.gradient(ofRows: rows, scale: weight(of: selected.count))
            if index == share.last?.index { gradientSum?.beginLastPass() }
            try hidden.rows(rows).backward(gradient: gradient)
        }
        return result
    }

    // MARK: Two passes

    private func scoreThenTrain(_ window: [TokenBatch], step: Int) throws -> Result {
        let share = share(of: window)
        let batches = share.map { BatchTensors($0.batch, on: model.headWeight.device) }
        var found: [TokenMeasurements]?
        do { found = try measure(share, batches, step: step) } catch TrainingError.nonFiniteLoss {}
        // Where tokens of all ranks compete, none may wait for a rank that has nothing to rank.
        let isMissing =
            try selector.pool == .batch
            ? ranks.anyRank(found == nil, "looking for losses that are not finite") : found == nil
        guard let measured = found, !isMissing else { throw TrainingError.nonFiniteLoss(step: step) }

        var result = Result()
        let selected: [[Int]]
        if selector.pool == .batch {
            let selection = try select(measured, batches, from: window, step: step)
            // Every rank knows the counts of the whole pool, and the window's are the sum over ranks.
            if ranks.isFirst { result.count(selection) }
            selected = Self.split(selection.indices, lengths: batches.map(\.validCount))
        } else {
            selected = try share.indices.map { place in
                guard batches[place].validCount > 0 else { return [] }
                return try select(
                    measured[place], share[place].batch, batches[place], step: step, microBatch: share[place].index,
                    counting: &result)
            }
        }

        let head = LossHead(weight: model.headWeight)
        let lastPass = selected.lastIndex { !$0.isEmpty }
        for (place, tensors) in batches.enumerated() {
            result.count(measured[place].loss.values(), selected: selected[place])
            guard !selected[place].isEmpty else { continue }
            let rows = Tensor(selected[place], on: model.headWeight.device)
            let carrying = GradientRows()
            carrying.places = tensors.validRows.rows(rows)
            let hidden = tensors.valid(forward(tensors, step: step, microBatch: share[place].index, carrying)).rows(rows)
            let scored = head.score(hidden, targets: tensors.targets.rows(rows), forGradient: true)
            let all = Tensor.range(selected[place].count, on: rows.device)
            let gradient = scored.gradient(ofRows: all, scale: weight(of: selected[place].count))
            if place == lastPass { gradientSum?.beginLastPass() }
            try hidden.backward(gradient: gradient)
        }
        return result
    }

    /// Cuts ascending positions in a concatenation into positions in its parts.
    static func split(_ indices: [Int], lengths: [Int]) -> [[Int]] {
        var (start, rest) = (0, indices[...])
        return lengths.map { length in
            let end = start + length
            let part = rest.prefix { $0 < end }
            rest = rest.dropFirst(part.count)
            defer { start = end }
            return part.map { $0 - start }
        }
    }

    /// What is measured of each micro-batch before anything is selected.
    private func measure(
        _ share: [(index: Int, batch: TokenBatch)], _ batches: [BatchTensors], step: Int
    ) throws -> [TokenMeasurements] {
        try withoutGradient {
            try zip(share, batches).map { place, tensors in
                let hidden =
                    scoresWithDropout
                    ? forward(tensors, step: step, microBatch: place.index)
                    : model.hiddenStates(tensors.inputIDs, adapter: adapter)
                return try measure(tensors.valid(hidden), place.batch, tensors, step: step).measurements
            }
        }
    }

    // MARK: Pieces

    /// The selected among this rank's tokens, where all of the window compete.
    private func select(
        _ measured: [TokenMeasurements], _ batches: [BatchTensors], from window: [TokenBatch], step: Int
    ) throws -> TokenSelection {
        let noise = seed.generator(.selection, step: step, microBatch: 0)
        let measurements = TokenMeasurements.concatenated(measured)
        guard ranks.count > 1 else { return try selector.select(measurements, groups: groups(batches), noise: noise) }
        let valid = window.map(\.validCount)
        let start = valid[..<ranks.share(of: window.count).lowerBound].reduce(0, +)
        return try selector.select(
            measurements, at: start..<start + batches.reduce(0) { $0 + $1.validCount }, of: valid.reduce(0, +), noise: noise,
            among: ranks)
    }

    /// The selected among the valid tokens of one micro-batch.
    private func select(
        _ measurements: TokenMeasurements, _ batch: TokenBatch, _ tensors: BatchTensors, step: Int, microBatch: Int,
        counting result: inout Result
    ) throws -> [Int] {
        let noise = seed.generator(.selection, step: step, microBatch: microBatch)
        if let replay {
            result.candidateCount += tensors.validCount
            return try replay.selected(in: batch, step: step, microBatch: microBatch, noise: noise)
        }
        let selection = try selector.select(measurements, groups: groups([tensors]), noise: noise)
        result.count(selection)
        return selection.indices
    }

    /// Of one of `count` selected tokens of a micro-batch in the accumulated gradient.
    func weight(of count: Int) -> Double { meansPerMicroBatch ? 1 / Double(count) : 1 }

    /// The pass that is trained on.
    func forward(_ tensors: BatchTensors, step: Int, microBatch: Int, _ carrying: GradientRows? = nil) -> Tensor {
        model.hiddenStates(
            tensors.inputIDs, adapter: adapter, dropout: dropout(step: step, microBatch: microBatch), gradientRows: carrying)
    }

    /// The same for the same place in the run, however often it is asked for.
    ///
    /// - Parameter device: where the key is to lie; `nil` makes it part of the work.
    func dropout(step: Int, microBatch: Int, keyOn device: Device? = nil) -> Dropout? {
        let probability = adapter?.options.dropout ?? 0
        guard probability > 0 else { return nil }
        let key = seed.key(.dropout, step: step, microBatch: microBatch)
        return device.map { Dropout(probability: probability, keyIn: Tensor([Int64(bitPattern: key)], on: $0)) }
            ?? Dropout(probability: probability, key: key)
    }

    private func measure(
        _ hidden: Tensor, _ batch: TokenBatch, _ tensors: BatchTensors, step: Int, forGradient: Bool = false
    ) throws -> (scored: LossHead.Scored, measurements: TokenMeasurements) {
        let needs = selector.needs
        let scored = LossHead(weight: model.headWeight).score(
            hidden, targets: tensors.targets, entropy: needs.contains(.entropy), forGradient: forGradient)
        // What is decided from losses is decided on the host here, and a micro-batch waits for the device, once more for a live reference.
        var measurements = TokenMeasurements(loss: scored.loss.moved(to: .cpu), entropy: scored.entropy?.moved(to: .cpu))
        guard measurements.loss.isAllFinite else { throw TrainingError.nonFiniteLoss(step: step) }
        if needs.contains(.referenceLoss) {
            guard let reference else { throw TrainingError.referenceMissing(score: "\(type(of: selector.score))") }
            let opinion = try reference.measurements(of: batch, entropy: needs.contains(.referenceEntropy))
            measurements.referenceLoss = opinion.loss.moved(to: .cpu)
            measurements.referenceEntropy = opinion.entropy?.moved(to: .cpu)
            guard measurements.referenceLoss!.isAllFinite, measurements.referenceEntropy?.isAllFinite ?? true else {
                throw TrainingError.nonFiniteReference(step: step)
            }
        }
        return (scored, measurements)
    }

    /// How many consecutive valid tokens compete with each other.
    func groups(_ batches: [BatchTensors]) -> [Int] {
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
            referenceLoss: joined(parts.map(\.referenceLoss)), referenceEntropy: joined(parts.map(\.referenceEntropy)))
    }
}
