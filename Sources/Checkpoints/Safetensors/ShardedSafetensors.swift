import Foundation

/// A model's weights over several safetensors files, listed by `model.safetensors.index.json`:
/// `{"metadata": {…}, "weight_map": {"tensor's name": "model-00001-of-00002.safetensors", …}}`.
public struct ShardedSafetensors: TensorSource {
    /// The index.
    public let url: URL
    /// Shard after shard, in the order of the shards' names.
    public let tensors: [TensorDescription]
    /// Sorted by name; all in the index's folder.
    public let shards: [URL]

    private let shardOfTensor: [String: SafetensorsFile]

    /// Maps every shard and checks every header against the index.
    ///
    /// - Throws: `CheckpointError.missingShards` naming all that are missing; `.malformed` where a shard's name leads out of
    ///   the folder, a shard lacks a tensor that the index puts there, or two hold the same one.
    public init(index url: URL) throws {
        self.url = url
        func malformed(_ problem: String) -> CheckpointError { .malformed(file: url.path, problem: problem) }
        let index = try JSONFile.decode(Index.self, from: url)
        let names = Set(index.weight_map.values).sorted()
        for name in names where name.utf8.contains(where: { [0, 0x2F].contains($0) }) || ["", ".", ".."].contains(name) {
            throw malformed("names the shard '\(name)', which is not a file of this folder")
        }
        let folder = url.deletingLastPathComponent()
        shards = names.map { folder.appendingPathComponent($0) }
        let missing = shards.filter { !FileManager.default.fileExists(atPath: $0.path) }
        guard missing.isEmpty else {
            throw CheckpointError.missingShards(index: url.path, shards: missing.map(\.lastPathComponent))
        }

        var tensors: [TensorDescription] = []
        var shardOfTensor: [String: SafetensorsFile] = [:]
        for shard in shards {
            let file = try SafetensorsFile(shard)
            for description in file.tensors {
                if let other = shardOfTensor.updateValue(file, forKey: description.name) {
                    throw malformed(
                        "finds tensor '\(description.name)' in two shards, \(other.url.lastPathComponent) and \(shard.lastPathComponent)"
                    )
                }
            }
            tensors += file.tensors
        }
        for (tensor, shard) in index.weight_map.sorted(by: { $0.key < $1.key })
        where shardOfTensor[tensor]?.url.lastPathComponent != shard {
            throw malformed("puts tensor '\(tensor)' into \(shard), which does not hold it")
        }
        (self.tensors, self.shardOfTensor) = (tensors, shardOfTensor)
    }

    public func description(of name: String) -> TensorDescription? { shardOfTensor[name]?.description(of: name) }

    public func read(_ name: String, into destination: UnsafeMutableBufferPointer<Float>) throws {
        try shard(of: name).read(name, into: destination)
    }

    public func readStored(_ name: String, into destination: UnsafeMutableRawBufferPointer) throws {
        try shard(of: name).readStored(name, into: destination)
    }

    private func shard(of name: String) throws -> SafetensorsFile {
        guard let shard = shardOfTensor[name] else { throw CheckpointError.unknownTensor(name: name, file: url.path) }
        return shard
    }

    private struct Index: Decodable {
        var weight_map: [String: String]
    }
}
