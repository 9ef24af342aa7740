import Corpora
import Foundation
import RunRecords
import Training

extension SelectionHistory.Layout {
    /// Of a run that trains on the blocks of these corpora. A separator makes other blocks of the same tokens, so it belongs to
    /// their hash.
    init(_ recipe: Recipe, corpora: [PackedBlocks]) {
        let hash = corpora.map { blocks in
            blocks.shard.contentHash + (blocks.separatorID.map { " separated by \($0)" } ?? "")
        }.joined(separator: "+")
        self.init(
            blockLength: recipe.data.blockLength, blocksPerStep: recipe.training.batchSize * recipe.training.accumulation,
            dataHash: hash)
    }
}

extension ReplayRecipe {
    /// The log that is replayed; `nil` before a study has put a folder in the place of the run that it names.
    var selections: URL? {
        guard case .folder(let path)? = source else { return nil }
        var folder = URL(fileURLWithPath: path)
        // Where a whole model was trained, a study names the folder of the model within the run's.
        if folder.lastPathComponent == RunDirectory.modelName { folder.deleteLastPathComponent() }
        return RunDirectory(folder).selections
    }
}

extension SelectionReplay {
    /// - Parameter recipe: with every run of its study replaced by a folder.
    init?(_ recipe: Recipe, corpora: [PackedBlocks], layout: SelectionHistory.Layout) throws {
        guard let replay = recipe.selection.replay, let log = replay.selections else { return nil }
        let folder = log.deletingLastPathComponent()
        guard FileManager.default.fileExists(atPath: log.path) else { throw RunError.noSelections(run: folder.path) }
        try self.init(
            SelectionLog.read(log), as: replay.manner, from: folder.path, layout: layout,
            stepCount: recipe.steps, frequencies: TokenFrequencies(corpora.map(\.shard)))
    }
}
