import Foundation

/// A model on disk, a Hugging Face folder or a GGUF file, opened: its sizes, its weights, and where its tokenizer is.
public struct ModelFiles: Sendable {
    public enum TokenizerSource: Sendable, Hashable {
        /// Hugging Face's `tokenizer.json`.
        case json(URL)
        case vocabulary(GGUFVocabulary)
    }

    /// The folder, or the GGUF file.
    public let url: URL
    public let configuration: ModelConfiguration
    public let weights: any TensorSource
    /// `nil` where a folder has no `tokenizer.json`.
    public let tokenizer: TokenizerSource?
    /// Every file that decides what the model computes, in a fixed order: what a content hash must cover.
    public let contents: [URL]

    /// Opens what is at `url`; weights are mapped, not read.
    ///
    /// - Throws: `CheckpointError`: `.noModel`, `.noConfiguration`, `.noWeights`, `.pickledWeights`, and what reading the
    ///   files throws.
    public init(at url: URL) throws {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder) else {
            throw CheckpointError.system(operation: "open the model", path: url.path, code: ENOENT)
        }
        if isFolder.boolValue {
            try self.init(folder: url)
        } else if url.pathExtension == "gguf" {
            try self.init(gguf: url)
        } else {
            throw CheckpointError.noModel(path: url.path)
        }
    }

    private init(gguf url: URL) throws {
        let file = try GGUFFile(url)
        self.url = url
        configuration = try file.configuration()
        weights = file
        tokenizer = .vocabulary(try file.vocabulary())
        contents = [url]
    }

    private init(folder url: URL) throws {
        func file(_ name: String) -> URL? {
            let candidate = url.appendingPathComponent(name)
            return FileManager.default.fileExists(atPath: candidate.path) ? candidate : nil
        }
        self.url = url
        guard let configurationFile = file("config.json") else { throw CheckpointError.noConfiguration(folder: url.path) }
        configuration = try ModelConfiguration(contentsOf: configurationFile)

        var contents = [configurationFile]
        if let single = file("model.safetensors") {
            weights = try SafetensorsFile(single)
            contents.append(single)
        } else if let index = file("model.safetensors.index.json") {
            let sharded = try ShardedSafetensors(index: index)
            weights = sharded
            contents += [index] + sharded.shards
        } else {
            let names = try FileManager.default.contentsOfDirectory(atPath: url.path)
            let pickled = names.filter { ["bin", "pt", "pth", "ckpt"].contains(URL(fileURLWithPath: $0).pathExtension) }
            throw pickled.isEmpty
                ? CheckpointError.noWeights(folder: url.path)
                : CheckpointError.pickledWeights(folder: url.path, files: pickled.sorted())
        }
        if let json = file("tokenizer.json") {
            tokenizer = .json(json)
            contents.append(json)
        } else {
            tokenizer = nil
        }
        self.contents = contents
    }
}
