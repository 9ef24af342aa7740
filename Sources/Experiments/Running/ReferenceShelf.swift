import Checkpoints
import Corpora
import Crypto
import Foundation
import RunRecords
import Training

/// Reference losses that several runs share: one pass of a reference over a block serves every arm that sees the block.
public final class ReferenceShelf {
    private let directory: URL?
    private var references: [ReferenceLossLayout: RememberedReference] = [:]

    /// - Parameter directory: where every reference has a store, so that a later process doesn't score again; `nil` remembers
    ///   in memory alone.
    public init(directory: URL? = nil) { self.directory = directory }

    /// The losses of `source` on these blocks.
    ///
    /// - Parameter entropy: whether its entropies are measured too.
    func reference(
        _ source: ReferenceSource, for recipe: Recipe, model: LoadedModel, blocks: BlockSeries, entropy: Bool,
        in workspace: Workspace
    ) throws -> RememberedReference {
        let identity = try ReferenceIdentity(source, of: model)
        let layout = ReferenceLossLayout(
            key: identity.key(of: blocks, precision: recipe.compute.referencePrecision), hasEntropies: entropy)
        if let reference = references[layout] { return reference }
        let reference = RememberedReference(
            try identity.open(on: model, recipe: recipe, in: workspace), entropy: entropy,
            store: try store(of: source, layout))
        references[layout] = reference
        return reference
    }

    private func store(of source: ReferenceSource, _ layout: ReferenceLossLayout) throws -> ReferenceLossStore? {
        guard let directory else { return nil }
        do { try FileManager.default.createDirectory(at: directory, withIntermediateDirectories: true) } catch {
            throw RunRecordError.unwritable(file: directory.path, reason: error.localizedDescription)
        }
        return try ReferenceLossStore(at: directory.appendingPathComponent(Self.fileName(of: source, layout)), layout: layout)
    }

    /// `base-1f2e3d4c.safetensors`: the reference's name for the reader, and the beginning of the key's hash, so that a
    /// reference that was trained anew, or other blocks, have a store of their own.
    private static func fileName(of source: ReferenceSource, _ layout: ReferenceLossLayout) -> String {
        let name =
            switch source {
            case .base: "base"
            case .folder(let path): URL(fileURLWithPath: path).lastPathComponent
            case .trained(let name): name
            }
        let digest = SHA256.hash(data: Data((layout.key.text + (layout.hasEntropies ? " entropies" : "")).utf8))
        return name + "-" + digest.prefix(4).map { String(format: "%02x", $0) }.joined() + ".safetensors"
    }
}
