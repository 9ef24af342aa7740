import Checkpoints
import Corpora
import Foundation
import Models
import RunRecords
import Torch

/// What a resumed run needs: weights, optimizer, the sampler's position and the counters.
///
/// ```
/// checkpoint-<step>/
///   adapter_config.json, adapter_model.safetensors   or weights.safetensors, where the whole model is trained
///   optimizer.safetensors                            AdamW's means, squares and step counters
///   state.json                                       progress and the sampler's position in each corpus
///   SHA256SUMS                                       the hash of each of them: ChecksumFile
/// ```
/// Random streams are derived from the seed and the step, so none is stored.
struct TrainingCheckpoint {
    /// Read before the rest of a state, which in another format may look otherwise.
    private struct Format: Decodable {
        static let current = 3
        var format: Int
    }

    private struct State: Codable {
        var format = Format.current
        var progress: TrainingProgress
        var samplers: [BatchSamplerState]

        init(of trainer: Trainer) { (progress, samplers) = (trainer.progress, trainer.sampler.states) }
    }

    static let optimizerName = "optimizer.safetensors"
    static let weightsName = "weights.safetensors"
    static let stateName = "state.json"

    /// Writes the folder whole or not at all.
    static func write(_ trainer: Trainer, to url: URL, baseModel: String?) throws {
        let folder = try AtomicFolder(at: url, replacing: true)
        if let adapter = trainer.adapter {
            try adapter.folder(baseModel: baseModel).write(to: folder.url)
        } else {
            try trainer.trained.write(to: folder.url.appendingPathComponent(weightsName))
        }
        try trainer.optimizer.state.write(to: folder.url.appendingPathComponent(optimizerName))
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try AtomicFile.write(encoder.encode(State(of: trainer)), to: folder.url.appendingPathComponent(stateName))
        try ChecksumFile.write(in: folder.url)
        try folder.commit()
    }

    /// Puts a trainer where the checkpoint was taken. The trainer is unusable if this throws.
    static func restore(_ trainer: Trainer, from url: URL) throws {
        let file = url.appendingPathComponent(stateName)
        let (found, state): (Int, State?)
        do {
            let bytes = try Data(contentsOf: file)
            found = try JSONDecoder().decode(Format.self, from: bytes).format
            state = found == Format.current ? try JSONDecoder().decode(State.self, from: bytes) : nil
        } catch {
            throw TrainingError.foreignCheckpoint(path: file.path, reason: "it can't be read: \(error)")
        }
        guard let state else {
            throw TrainingError.foreignCheckpoint(
                path: file.path,
                reason:
                    "it is of format \(found), and this winnow reads \(Format.current): go on with the version that the run's "
                    + "\(RunDirectory.manifestName) names, or start again with --overwrite")
        }
        if trainer.adapter != nil {
            let weights = try SafetensorsFile(url.appendingPathComponent(RunDirectory.adapterWeightsName))
            try trainer.trained.restore(from: weights) { "base_model.model.\($0)" }
        } else {
            try trainer.trained.restore(from: SafetensorsFile(url.appendingPathComponent(weightsName)))
        }
        try trainer.optimizer.state.restore(from: SafetensorsFile(url.appendingPathComponent(optimizerName)))
        try trainer.sampler.restore(state.samplers)
        trainer.progress = state.progress
    }

    /// Puts the trainers of all ranks where that of rank 0 stands, which alone has to find the checkpoint.
    static func share(_ trainer: Trainer) throws {
        let ranks = trainer.ranks
        guard ranks.count > 1 else { return }
        let bytes = try ranks.broadcast(Array(JSONEncoder().encode(State(of: trainer))), "sharing where the run stands")
        for (name, tensor) in Array(trainer.trained) + Array(trainer.optimizer.state) {
            try ranks.broadcast(tensor, "sharing \(name)")
        }
        let state = try JSONDecoder().decode(State.self, from: Data(bytes))
        try trainer.sampler.restore(state.samplers)
        trainer.progress = state.progress
    }

    /// Clears away what a kill kept from its place. A checkpoint that was whole by then, or that was moved aside to be replaced,
    /// takes its place instead. Either is on the disk when this returns.
    static func recover(in directory: RunDirectory) throws {
        let leftovers = try directory.unfinishedWrites()
        for url in leftovers {
            let match = url.lastPathComponent.wholeMatch(of: /\.checkpoint-([0-9]+)\.[0-9]+\.partial/)
            let place = match.flatMap { Int($0.1) }.map(directory.checkpoint)
            if let place, !FileManager.default.fileExists(atPath: place.path), ChecksumFile.damage(in: url) == nil {
                try FileManager.default.moveItem(at: url, to: place)
            } else {
                try FileManager.default.removeItem(at: url)
            }
        }
        if !leftovers.isEmpty { try synchronize(directory.url) }
    }
}

extension NamedTensors {
    fileprivate func write(to url: URL) throws {
        let descriptions = map { TensorDescription(name: $0.name, elementType: .float32, shape: $0.tensor.shape) }
        try SafetensorsWriter(descriptions).write(to: url) { .floats(self[$0.name]!.values()) }
    }

    /// Overwrites every tensor with the one of its name.
    fileprivate func restore(from file: SafetensorsFile, name stored: (String) -> String = { $0 }) throws {
        for (name, tensor) in self {
            guard let found = file.description(of: stored(name)) else {
                throw TrainingError.foreignCheckpoint(path: file.url.path, reason: "it has no tensor \(stored(name))")
            }
            guard found.shape == tensor.shape else {
                throw TrainingError.foreignCheckpoint(
                    path: file.url.path,
                    reason: "tensor \(stored(name)) has shape \(found.shape) and the run's \(tensor.shape)")
            }
            tensor.assign(Tensor(try file.floats(stored(name)), shape: found.shape))
        }
    }
}
