import Analysis
import Corpora
import Foundation
import RunRecords
import TokenSelection
import Training

/// Counts what a study's runs selected by how often the token occurs in the training text. The text is at hand here and not in a
/// report, so the counts go into the record.
struct SelectionFrequencies {
    let study: Study
    let directory: URL
    let workspace: Workspace

    /// Fills in the runs that kept their selections. The training text of a mixture is all its corpora, each whole.
    func write(into record: inout StudyRecord) throws {
        let runs = Dictionary(uniqueKeysWithValues: study.matrix.map { ($0.name, $0.recipe) })
        var frequencies: [String: TokenFrequencies] = [:]
        for arm in record.arms.indices {
            for index in record.arms[arm].runs.indices {
                guard let path = record.arms[arm].runs[index].selections,
                    let recipe = runs[record.arms[arm].runs[index].directory]
                else { continue }
                let blocks = try blocks(recipe)
                let known = frequencies[blocks.contentHash] ?? TokenFrequencies(blocks.corpora.map(\.shard))
                frequencies[blocks.contentHash] = known
                let history = try SelectionLog.read(directory.appendingPathComponent(path))
                let trace = try SelectionTrace(
                    blockLength: history.blockLength,
                    steps: history.steps.map { (step: $0.step, blocks: $0.blockIndices, selected: $0.selected) })
                record.arms[arm].runs[index].selectedByFrequency = try trace.shareByFrequency(
                    tokens: { blocks.batch([$0]).inputIDs }, count: { known.count(of: $0) }
                ).map { StudyRecord.Run.FrequencyCount(tokens: $0.tokens, selected: $0.selected) }
            }
        }
    }

    private func blocks(_ recipe: Recipe) throws -> BlockSeries {
        let loaded = try workspace.model(recipe.model, for: recipe.compute)
        let separator = try recipe.data.separators ? Run.separator(of: loaded) : nil
        return try BlockSeries(
            recipe.data.train.parts.map {
                try PackedBlocks(
                    shard: workspace.corpus($0.corpus).train, blockLength: recipe.data.blockLength, separatorID: separator,
                    tail: .drop)
            })
    }
}
