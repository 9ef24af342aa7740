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

    /// Fills in the runs that kept their selections, but for those on a mixture, whose tokens have no one text to be frequent in.
    func write(into record: inout StudyRecord) throws {
        let runs = Dictionary(uniqueKeysWithValues: study.matrix.map { ($0.name, $0.recipe) })
        var frequencies: [String: TokenFrequencies] = [:]
        for arm in record.arms.indices {
            for index in record.arms[arm].runs.indices {
                guard let path = record.arms[arm].runs[index].selections,
                    let recipe = runs[record.arms[arm].runs[index].directory], !recipe.data.train.isMixture
                else { continue }
                let blocks = try blocks(recipe)
                let known = frequencies[blocks.shard.contentHash] ?? TokenFrequencies([blocks.shard])
                frequencies[blocks.shard.contentHash] = known
                let history = try SelectionLog.read(directory.appendingPathComponent(path))
                let trace = try SelectionTrace(
                    blockLength: history.blockLength,
                    steps: history.steps.map { (step: $0.step, blocks: $0.blockIndices, selected: $0.selected) })
                record.arms[arm].runs[index].selectedByFrequency = try trace.shareByFrequency(
                    tokens: { blocks.block($0).inputIDs }, count: { known.count(of: $0) }
                ).map { StudyRecord.Run.FrequencyCount(tokens: $0.tokens, selected: $0.selected) }
            }
        }
    }

    private func blocks(_ recipe: Recipe) throws -> PackedBlocks {
        let loaded = try workspace.model(recipe.model, for: recipe.compute)
        return try PackedBlocks(
            shard: workspace.corpus(recipe.data.train.parts[0].corpus).train, blockLength: recipe.data.blockLength,
            separatorID: recipe.data.separators ? Run.separator(of: loaded) : nil, tail: .drop)
    }
}
