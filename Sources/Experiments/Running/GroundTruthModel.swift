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
    ///
    /// - Parameter compute: how the arms compute their reference.
    init(trained run: StudyRun, in directory: URL, for compute: ComputeRecipe, workspace: Workspace) throws {
        let (recipe, folder) = (run.recipe, RunDirectory(directory.appendingPathComponent(run.name)))
        let isAdapter = recipe.adapter != nil
        let (loaded, model) = try workspace.reference(
            isAdapter ? recipe.model : .path(folder.model.path), trained: nil, for: compute)
        if isAdapter {
            try self.init(adapter: folder.url, on: loaded, as: model, name: recipe.name)
        } else {
            try self.init(base: loaded, as: model, name: recipe.name)
        }
    }

    /// - Parameter model: the loaded one, or the same computed otherwise.
    init(base loaded: LoadedModel, as model: (any CausalLM)? = nil, name: String) throws {
        (self.name, label) = (name, loaded.name)
        scorer = LiveReference(model ?? loaded.model)
        identity = try loaded.hash.get()
    }

    init(adapter folder: URL, on loaded: LoadedModel, as model: (any CausalLM)? = nil, name: String) throws {
        (self.name, label) = (name, "\(loaded.name) with the adapter \(folder.lastPathComponent)")
        let model = model ?? loaded.model
        scorer = LiveReference(model, adapter: try LoRAAdapter(AdapterFolder(at: folder), for: model))
        let weights = MachineCheck.sha256(of: folder.appendingPathComponent(RunDirectory.adapterWeightsName)) ?? ""
        identity = try "\(loaded.hash.get()) \(weights)"
    }
}
