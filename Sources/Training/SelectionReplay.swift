import Corpora
import RunRecords
import Torch

/// Selects by what another run selected in the same blocks: is it *which* tokens that matters, or just how many?
public struct SelectionReplay {
    public enum Manner: String, Sendable, CaseIterable {
        /// The very tokens.
        case recorded
        /// As many in each block, at random places.
        case shuffled
        /// As many of each frequency class in each micro-batch, otherwise at random.
        case matched
    }

    public let history: SelectionHistory
    public let manner: Manner
    /// What the recording is called in complaints.
    public let source: String
    private let frequencies: TokenFrequencies?

    /// - Parameters:
    ///   - layout: of the run that is to be trained.
    ///   - stepCount: of the run that is to be trained.
    ///   - frequencies: of the training tokens; needed for `.matched`.
    /// - Throws: `TrainingError.foreignReplay` where the recording is of other blocks or too short.
    public init(
        _ history: SelectionHistory, as manner: Manner, from source: String, layout: SelectionHistory.Layout, stepCount: Int,
        frequencies: @autoclosure () throws -> TokenFrequencies
    ) throws {
        let comparisons: [(what: String, recorded: String, here: String)] = [
            ("tokens in a block", "\(history.layout.blockLength)", "\(layout.blockLength)"),
            ("blocks in a step", "\(history.layout.blocksPerStep)", "\(layout.blocksPerStep)"),
            ("training tokens' hash", history.layout.dataHash, layout.dataHash),
        ]
        var differences = comparisons.filter { $0.recorded != $0.here }.map { "\($0.what): \($0.recorded), here \($0.here)" }
        if history.steps.count < stepCount { differences.append("steps: \(history.steps.count), here \(stepCount)") }
        guard differences.isEmpty else { throw TrainingError.foreignReplay(source: source, differences: differences) }
        (self.history, self.manner, self.source) = (history, manner, source)
        self.frequencies = manner == .matched ? try frequencies() : nil
    }

    /// - Returns: places among the valid positions of the micro-batch, ascending.
    /// - Throws: `TrainingError.foreignReplay` where the recording has other blocks here.
    func selected(in batch: TokenBatch, step: Int, microBatch: Int, noise: Generator) throws -> [Int] {
        let record = history.steps[step - 1]
        let blocks = microBatch * batch.batchSize..<(microBatch + 1) * batch.batchSize
        guard Array(record.blockIndices[blocks]) == batch.blockIndices else {
            throw TrainingError.foreignReplay(
                source: source,
                differences: ["blocks of step \(step): \(Array(record.blockIndices[blocks])), here \(batch.blockIndices)"])
        }
        let start = blocks.lowerBound * batch.sequenceLength
        let targets = batch.validTargets
        let isSelected = targets.map { record.selected[start + $0] }
        guard manner != .recorded else { return targets.indices.filter { isSelected[$0] } }

        // A token is exchanged for one of its group.
        let groups: [Int] =
            switch manner {
            case .matched: targets.map { frequencies!.frequencyClass(of: batch.inputIDs[$0]) }
            default: targets.map { $0 / batch.sequenceLength }
            }
        let draws: [Double] = noise.uniform([targets.count], dtype: .float64).values()
        return Dictionary(grouping: targets.indices, by: { groups[$0] }).values.flatMap { members in
            members.sorted { (draws[$0], $0) < (draws[$1], $1) }.prefix(members.count { isSelected[$0] })
        }.sorted()
    }
}
