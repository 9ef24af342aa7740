import Checkpoints
import Foundation

extension Tokenizer {
    /// Reads the tokenizer of a model: a folder that holds a `tokenizer.json`, such a file itself, or a GGUF file.
    ///
    /// - Throws: `TokenizerError`, and for a GGUF file `CheckpointError`.
    public convenience init(at url: URL) throws {
        var isFolder: ObjCBool = false
        _ = FileManager.default.fileExists(atPath: url.path, isDirectory: &isFolder)
        if isFolder.boolValue {
            try self.init(tokenizerJSON: url.appendingPathComponent("tokenizer.json"))
        } else if url.pathExtension == "gguf" {
            try self.init(vocabulary: GGUFFile(url).vocabulary(), file: url.path)
        } else {
            try self.init(tokenizerJSON: url)
        }
    }

    /// Reads a `tokenizer.json`, and from a `tokenizer_config.json` beside it which tokens begin and end a text.
    ///
    /// - Throws: `TokenizerError`.
    public convenience init(tokenizerJSON url: URL) throws {
        try self.init(TokenizerDefinition(tokenizerJSON: url))
    }

    /// The same of contents in memory; `url` names them in errors.
    package convenience init(tokenizerJSON: Data, configurationJSON: Data?, at url: URL) throws {
        try self.init(TokenizerDefinition(tokenizerJSON: tokenizerJSON, configurationJSON: configurationJSON, at: url))
    }

    /// Makes the tokenizer of a GGUF file.
    ///
    /// - Parameter file: what errors call it.
    /// - Throws: `TokenizerError`.
    public convenience init(vocabulary: GGUFVocabulary, file: String = "the GGUF file") throws {
        try self.init(TokenizerDefinition(vocabulary, file: file))
    }

    /// A `tokenizer.json` that Hugging Face's `tokenizers` loads and that behaves the same: the original one where there was one.
    public func tokenizerJSON() -> Data { definition.tokenizerJSON }

    /// The `tokenizer_config.json` that belongs beside it: the original one where there was one.
    public func tokenizerConfigurationJSON() -> Data { definition.configurationJSON }
}
