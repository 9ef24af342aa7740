import Checkpoints
import Corpora
import Foundation
import Models
import Training

/// Reference losses that several runs share: one pass of a reference over a block serves every arm that sees the block.
public final class ReferenceShelf {
    private var references: [String: RememberedReference] = [:]

    public init() {}

    /// The losses of `source` on these blocks.
    func reference(
        _ source: ReferenceSource, for recipe: Recipe, model: LoadedModel, blocks: PackedBlocks, in workspace: Workspace
    ) throws -> RememberedReference {
        let key =
            "\(source) \(model.url.path) \(recipe.compute.dtype) \(recipe.compute.device) "
            + "\(blocks.shard.contentHash) \(blocks.blockLength) \(String(describing: blocks.separatorID))"
        if let reference = references[key] { return reference }
        let reference = RememberedReference(try live(source, recipe: recipe, model: model, in: workspace))
        references[key] = reference
        return reference
    }

    private func live(
        _ source: ReferenceSource, recipe: Recipe, model: LoadedModel, in workspace: Workspace
    ) throws -> LiveReference {
        switch source {
        case .base:
            return LiveReference(model.model)
        case .folder(let path):
            let url = URL(fileURLWithPath: path)
            let isAdapter = FileManager.default.fileExists(atPath: url.appendingPathComponent("adapter_config.json").path)
            guard isAdapter else {
                let other = try workspace.model(.path(path), dtype: recipe.compute.dtype, on: recipe.compute.device)
                return LiveReference(other.model)
            }
            let adapter = try LoRAAdapter(AdapterFolder(at: url), for: model.model)
            return LiveReference(model.model, adapter: adapter)
        case .trained(let name):
            preconditionFailure("reference/\(name) is resolved by the study before a run is built")
        }
    }
}
