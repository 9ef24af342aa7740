import Checkpoints
import Foundation

extension Tokenizer {
    /// Reads a `tokenizer.json`, and from a `tokenizer_config.json` beside it which tokens begin and end a text.
    ///
    /// - Throws: `TokenizerError`.
    public convenience init(tokenizerJSON url: URL) throws {
        try self.init(TokenizerDefinition(tokenizerJSON: url))
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
