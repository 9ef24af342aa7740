import Checkpoints
import Corpora
import Foundation
import Models
import RunRecords
import Torch
import Training

/// Which model and which adapter a reference is, by place and by content, without loading either.
public struct ReferenceIdentity {
    /// A model folder or GGUF file of its own; `nil` for the model that is trained.
    let ownModel: URL?
    let adapter: URL?
    public let modelHash: String
    public let adapterHash: String?

    /// A model that is loaded, with the adapter in a PEFT folder or alone.
    public init(_ model: LoadedModel, adapter: URL?) throws {
        (ownModel, self.adapter) = (nil, adapter)
        modelHash = try model.hash.get()
        adapterHash = try adapter.map { folder in
            try ContentHash.of(
                [RunDirectory.adapterConfigurationName, RunDirectory.adapterWeightsName].map(folder.appendingPathComponent))
        }
    }

    /// A model that may not be loaded.
    private init(model url: URL) throws {
        (ownModel, adapter, adapterHash) = (url, nil, nil)
        modelHash = try ContentHash.of(ModelFiles(at: url).contents)
    }

    /// - Parameter trained: the model that is trained, which a base or an adapter is a reference on.
    init(_ source: ReferenceSource, of trained: LoadedModel) throws {
        switch source {
        case .base:
            try self.init(trained, adapter: nil)
        case .folder(let path):
            let url = URL(fileURLWithPath: path)
            let configuration = url.appendingPathComponent(RunDirectory.adapterConfigurationName)
            if FileManager.default.fileExists(atPath: configuration.path) {
                try self.init(trained, adapter: url)
            } else {
                try self.init(model: url)
            }
        case .trained(let name):
            preconditionFailure("reference/\(name) is resolved by the study before a run is built")
        }
    }

    /// What a store of its losses on these blocks is kept under.
    ///
    /// - Parameter precision: what the losses are computed in; see `ComputeRecipe`.
    func key(of blocks: BlockSeries, precision: String) -> ReferenceLossKey {
        ReferenceLossKey(
            tokens: blocks.contentHash, blockLength: blocks.blockLength, separatorID: blocks.separatorID,
            tail: blocks.tail.rawValue, model: modelHash, adapter: adapterHash, precision: precision,
            numerics: ScoringNumerics.version)
    }

    /// Ready to score, on the model that is trained or on one of its own.
    func open(on trained: LoadedModel, recipe: Recipe, in workspace: Workspace) throws -> LiveReference {
        if let ownModel {
            return LiveReference(try workspace.reference(.path(ownModel.path), trained: nil, for: recipe.compute).model)
        }
        return try open(on: workspace.reference(recipe.model, trained: trained, for: recipe.compute).model)
    }

    func open(on model: any CausalLM) throws -> LiveReference {
        LiveReference(model, adapter: try adapter.map { try LoRAAdapter(AdapterFolder(at: $0), for: model) })
    }
}
