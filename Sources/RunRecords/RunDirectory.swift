import Foundation

/// Where a run keeps what it leaves: the names of the files, and the rule for a directory that is not empty.
///
/// ```
/// recipe.yaml                 resolved: every default written out
/// manifest.json               RunManifest
/// metrics.jsonl               MetricsLog
/// selections.bin              SelectionLog, where the run keeps its selections
/// events.out.tfevents.…       TensorBoard
/// adapter_config.json         PEFT reads these two
/// adapter_model.safetensors
/// model/                      a Hugging Face folder, where the whole model was trained
/// token-losses-<split>.safetensors            at the end
/// token-losses-<split>-step-<n>.safetensors   at each evaluation, where the run keeps them
/// checkpoint-<step>/          what a resumed run needs
/// .lock                       DirectoryLock
/// ```
public struct RunDirectory: Sendable, Hashable {
    public static let recipeName = "recipe.yaml"
    public static let manifestName = "manifest.json"
    public static let metricsName = "metrics.jsonl"
    public static let selectionsName = "selections.bin"
    public static let adapterConfigurationName = "adapter_config.json"
    public static let adapterWeightsName = "adapter_model.safetensors"
    public static let modelName = "model"
    public static let eventsPrefix = "events.out.tfevents."
    public static let checkpointPrefix = "checkpoint-"
    public static let tokenLossesPrefix = "token-losses-"

    public let url: URL

    /// Names a directory without touching the disk.
    public init(_ url: URL) { self.url = url }

    public var recipe: URL { url.appendingPathComponent(Self.recipeName) }
    public var manifest: URL { url.appendingPathComponent(Self.manifestName) }
    public var metrics: URL { url.appendingPathComponent(Self.metricsName) }
    public var selections: URL { url.appendingPathComponent(Self.selectionsName) }
    public var model: URL { url.appendingPathComponent(Self.modelName) }
    public func checkpoint(at step: Int) -> URL { url.appendingPathComponent(Self.checkpointPrefix + String(step)) }

    /// Of the trained model.
    public func tokenLosses(on split: String) -> URL {
        url.appendingPathComponent(Self.tokenLossesPrefix + split + ".safetensors")
    }

    /// Of the model as it was after `step` steps.
    public func tokenLosses(on split: String, step: Int) -> URL {
        url.appendingPathComponent("\(Self.tokenLossesPrefix)\(split)-step-\(step).safetensors")
    }

    public enum Opening: Sendable {
        /// The directory must be new or empty.
        case new
        /// The directory must hold a run, which goes on.
        case resume
        /// What a run left there is deleted, and nothing else.
        case overwrite
    }

    /// Makes the directory ready for a run.
    public static func open(_ url: URL, _ opening: Opening) throws -> RunDirectory {
        let directory = RunDirectory(url)
        do { try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true) } catch {
            throw RunRecordError.unwritable(file: url.path, reason: error.localizedDescription)
        }
        let names = try directory.names().filter { !isLeftover($0) }
        let isRun = names.contains(manifestName)
        switch opening {
        case .new: guard names.isEmpty else { throw RunRecordError.directoryNotEmpty(url.path) }
        case .resume: guard isRun else { throw RunRecordError.nothingToResume(url.path) }
        case .overwrite: guard isRun || names.isEmpty else { throw RunRecordError.notARunDirectory(url.path) }
        }
        // The run takes a lock of its own; this one refuses before a model is loaded.
        let lock = try DirectoryLock(url)
        defer { withExtendedLifetime(lock) {} }
        guard opening != .resume else { return directory }
        // What an earlier run was writing when it was killed goes first: a checkpoint among it that is whole would be taken for this
        // run's. The manifest goes last: a kill in between leaves a directory that can still be overwritten.
        let others = names.filter { belongsToARun($0) && $0 != manifestName }.map(url.appendingPathComponent)
        for item in try directory.unfinishedWrites() + others + (isRun ? [directory.manifest] : []) {
            do { try FileManager.default.removeItem(at: item) } catch {
                throw RunRecordError.unwritable(file: item.path, reason: error.localizedDescription)
            }
        }
        return directory
    }

    /// Whether a name is a lock's, or of a file that a kill kept from its place: neither is part of a run.
    private static func isLeftover(_ name: String) -> Bool {
        name == DirectoryLock.fileName || name.hasPrefix(".") && name.hasSuffix(".partial")
    }

    /// Hidden files and folders that a kill kept from their places.
    public func unfinishedWrites() throws -> [URL] {
        try names().filter { $0 != DirectoryLock.fileName && Self.isLeftover($0) }.map(url.appendingPathComponent)
    }

    /// The steps there are checkpoints of, ascending.
    public func checkpointSteps() throws -> [Int] {
        try names().compactMap { name in
            name.hasPrefix(Self.checkpointPrefix) ? Int(name.dropFirst(Self.checkpointPrefix.count)) : nil
        }.sorted()
    }

    /// The token losses of evaluations along the way, by ascending step and then by split.
    public func checkpointTokenLosses() throws -> [(step: Int, split: String, url: URL)] {
        let pattern = /token-losses-(?<split>.+)-step-(?<step>[0-9]+)\.safetensors/
        let found = try names().compactMap { name -> (step: Int, split: String, url: URL)? in
            guard let match = name.wholeMatch(of: pattern), let step = Int(match.step) else { return nil }
            return (step, String(match.split), url.appendingPathComponent(name))
        }
        return found.sorted { ($0.step, $0.split) < ($1.step, $1.split) }
    }

    private func names() throws -> [String] {
        do { return try FileManager.default.contentsOfDirectory(atPath: url.path) } catch {
            throw RunRecordError.unreadable(file: url.path, reason: error.localizedDescription)
        }
    }

    private static func belongsToARun(_ name: String) -> Bool {
        [
            recipeName, manifestName, metricsName, selectionsName, adapterConfigurationName, adapterWeightsName, modelName,
        ].contains(name)
            || [eventsPrefix, checkpointPrefix, tokenLossesPrefix].contains(where: name.hasPrefix)
    }
}
