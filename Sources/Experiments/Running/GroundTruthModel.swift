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

    /// What a run of a study has left in its directory: an adapter, or a whole model.
    init(trained run: StudyRun, in directory: URL, workspace: Workspace) throws {
        let (recipe, folder) = (run.recipe, RunDirectory(directory.appendingPathComponent(run.name)))
        let isAdapter = recipe.adapter != nil
        let loaded = try workspace.model(isAdapter ? recipe.model : .path(folder.model.path), for: recipe.compute)
        if isAdapter {
            try self.init(adapter: folder.url, on: loaded, name: recipe.name)
        } else {
            try self.init(base: loaded, name: recipe.name)
        }
    }

    init(base loaded: LoadedModel, name: String) throws {
        (self.name, label) = (name, loaded.name)
        scorer = LiveReference(loaded.model)
        identity = try loaded.hash.get()
    }

    init(adapter folder: URL, on loaded: LoadedModel, name: String) throws {
        (self.name, label) = (name, "\(loaded.name) with the adapter \(folder.lastPathComponent)")
        scorer = LiveReference(loaded.model, adapter: try LoRAAdapter(AdapterFolder(at: folder), for: loaded.model))
        let weights = MachineCheck.sha256(of: folder.appendingPathComponent(RunDirectory.adapterWeightsName)) ?? ""
        identity = try "\(loaded.hash.get()) \(weights)"
    }
}
