import Checkpoints
import Foundation
import Models
import RunRecords
import Training

/// A model whose opinion of marked tokens is asked: the student, or a reference.
struct GroundTruthModel {
    /// As scores are named after it: `curated`.
    let name: String
    /// As the report calls it.
    let label: String
    let scorer: LiveReference
    /// Changes with its weights.
    let identity: String

    /// The start of a recipe's run: the base, or the base with the adapter it starts from.
    ///
    /// - Parameter recipe: with the paths of trained runs in place of their names.
    init(startOf recipe: Recipe, in workspace: Workspace) throws {
        let loaded = try workspace.model(recipe.model, dtype: recipe.compute.dtype, on: recipe.compute.device)
        if case .folder(let path) = recipe.adapter?.start {
            try self.init(adapter: URL(fileURLWithPath: path), on: loaded, name: "student")
        } else {
            try self.init(base: loaded, name: "student")
        }
    }

    /// What a run has left in its directory: an adapter, or a whole model.
    init(trained name: String, as recipe: Recipe, in directory: URL, workspace: Workspace) throws {
        let isAdapter = recipe.adapter != nil
        let loaded = try workspace.model(
            isAdapter ? recipe.model : .path(RunDirectory(directory).model.path), dtype: recipe.compute.dtype,
            on: recipe.compute.device)
        if isAdapter {
            try self.init(adapter: directory, on: loaded, name: name)
        } else {
            try self.init(base: loaded, name: name)
        }
    }

    init(base loaded: LoadedModel, name: String) throws {
        (self.name, label) = (name, loaded.name)
        scorer = LiveReference(loaded.model)
        identity = try loaded.hash.get()
    }

    private init(adapter folder: URL, on loaded: LoadedModel, name: String) throws {
        (self.name, label) = (name, "\(loaded.name) with the adapter \(folder.lastPathComponent)")
        scorer = LiveReference(loaded.model, adapter: try LoRAAdapter(AdapterFolder(at: folder), for: loaded.model))
        let weights = MachineCheck.sha256(of: folder.appendingPathComponent(RunDirectory.adapterWeightsName)) ?? ""
        identity = try "\(loaded.hash.get()) \(weights)"
    }
}
