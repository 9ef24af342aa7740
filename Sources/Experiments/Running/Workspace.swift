import Checkpoints
import Corpora
import Foundation
import Models
import Tokenizers
import Torch
import Training

/// Opens what recipes and commands name, each thing once: a study's arms share one model in memory.
public final class Workspace {
    public let input: DefaultInput
    private var models: [String: LoadedModel] = [:]
    private var corpora: [String: PreparedCorpus] = [:]

    public init(input: DefaultInput = DefaultInput()) { self.input = input }

    /// The folder or file that a model's name stands for; `default` is the cached default model.
    public func modelURL(_ source: ModelSource) throws -> URL {
        switch source {
        case .standard: try input.modelURL()
        case .path(let path): URL(fileURLWithPath: path)
        }
    }

    /// As `modelURL(_:)`, for what stands on a command line.
    public func modelURL(named name: String) throws -> URL {
        try modelURL(name == "default" ? .standard : .path(name))
    }

    /// A model in memory.
    ///
    /// - Parameters:
    ///   - layers: how linear layers' weights are held.
    ///   - isShared: `false` loads one that nobody else gets.
    public func model(
        _ source: ModelSource, dtype: DType = .float32, layers: LayerStorage = .exact, on device: Device = .cpu,
        isShared: Bool = true
    ) throws -> LoadedModel {
        let url = try modelURL(source)
        let key = "\(url.standardizedFileURL.path) \(dtype) \(layers.rawValue) \(device)"
        if isShared, let loaded = models[key] { return loaded }
        let loaded = try LoadedModel(at: url, isDefault: source == .standard, dtype: dtype, layers: layers, on: device)
        if isShared { models[key] = loaded }
        return loaded
    }

    /// As a recipe computes with it.
    func model(_ source: ModelSource, for compute: ComputeRecipe, isShared: Bool = true) throws -> LoadedModel {
        try model(source, dtype: compute.dtype, layers: compute.frozen.storage, on: compute.device, isShared: isShared)
    }

    /// A model to be a reference, as a recipe computes with it.
    ///
    /// - Parameter trained: the model that is trained, which the reference is too where it is held in the same way; `nil` where it is
    ///   another model.
    func reference(
        _ source: ModelSource, trained: LoadedModel?, for compute: ComputeRecipe
    ) throws -> (loaded: LoadedModel, model: any CausalLM) {
        let weights = compute.referenceWeights
        let loaded: LoadedModel
        if let trained, weights.storage == compute.frozen.storage {
            loaded = trained
        } else {
            loaded = try model(source, dtype: compute.dtype, layers: weights.storage, on: compute.device)
        }
        return (loaded, weights == .int8 ? try loaded.int8Model.get() : loaded.model)
    }

    public func corpusURL(_ source: CorpusSource) throws -> URL {
        switch source {
        case .noisy: try input.shardsURL(of: .reference)
        case .curated: try input.shardsURL(of: .tutorials)
        case .folder(let path): URL(fileURLWithPath: path)
        }
    }

    /// A prepared corpus.
    public func corpus(_ source: CorpusSource) throws -> PreparedCorpus {
        let url = try corpusURL(source)
        if let corpus = corpora[url.path] { return corpus }
        let corpus = try PreparedCorpus(url)
        corpora[url.path] = corpus
        return corpus
    }
}

extension Workspace {
    /// Refuses a corpus whose tokens mean something else to the model.
    ///
    /// - Throws: `CorpusError.differentTokenizer`; `RunError.foreignVocabulary` where the model brings no tokenizer to compare
    ///   with and the corpus has tokens that it lacks.
    func check(_ corpus: PreparedCorpus, madeFor loaded: LoadedModel) throws {
        let (found, known) = (corpus.manifest.vocabularySize, loaded.model.configuration.vocabularySize)
        guard found <= known else {
            throw RunError.foreignVocabulary(corpus: corpus.url.path, size: found, model: loaded.name, modelSize: known)
        }
        guard let fingerprint = try loaded.tokenizerFingerprint.get() else { return }
        guard fingerprint == corpus.manifest.tokenizerHash else {
            throw CorpusError.differentTokenizer(path: corpus.url.path)
        }
    }
}

/// A model, its tokenizer and what identifies it.
public final class LoadedModel {
    public let url: URL
    public let files: ModelFiles
    public let model: any CausalLM
    /// As an adapter's configuration and a report name it.
    public let name: String
    /// What a reader has to know of it.
    public let note: String?
    /// SHA-256 over the files that decide what it computes.
    public lazy var hash: Result<String, any Error> = Result { try ContentHash.of(files.contents) }

    /// The model with int8 layers, made when it is first asked for; it shares the weights.
    lazy var int8Model: Result<any CausalLM, any Error> = Result { try model.withInt8Layers() }

    /// What its tokenizer does, hashed; `nil` where it brings none.
    lazy var tokenizerFingerprint: Result<String?, any Error> = Result {
        guard files.tokenizer != nil else { return nil }
        return try tokenizer().fingerprint().map { String(format: "%02x", $0) }.joined()
    }

    init(at url: URL, isDefault: Bool, dtype: DType, layers: LayerStorage, on device: Device) throws {
        self.url = url
        files = try ModelFiles(at: url)
        model = try ModelRegistry.load(
            files.configuration, weights: files.weights, dtype: dtype, layers: layers, on: device)
        name = isDefault ? "SmolLM2-135M-Instruct" : url.deletingPathExtension().lastPathComponent
        note = isDefault ? "An instruction-tuned model whose weights were rounded to 4 bits (GGUF Q4_1)." : nil
    }

    public func tokenizer() throws -> Tokenizer { try Tokenizer(of: files) }

    /// What a Hugging Face folder of this model holds beside its weights, by file name.
    public func tokenizerFiles() throws -> [String: ModelFolderWriter.Companion] {
        guard case .vocabulary = files.tokenizer else { return ModelFolderWriter.tokenizerFiles(in: url) }
        let tokenizer = try tokenizer()
        return [
            "tokenizer.json": .data(tokenizer.tokenizerJSON()),
            "tokenizer_config.json": .data(tokenizer.tokenizerConfigurationJSON()),
        ]
    }
}

/// A model without the means to turn text into tokens.
public struct TokenizerAbsence: Error, CustomStringConvertible {
    public let path: String
    public var description: String { "\(path) has no tokenizer.json: text can't be turned into tokens for this model" }
}

extension Tokenizer {
    /// The tokenizer that belongs to a model on disk.
    public convenience init(of files: ModelFiles) throws {
        switch files.tokenizer {
        case .json(let url): try self.init(tokenizerJSON: url)
        case .vocabulary(let vocabulary): try self.init(vocabulary: vocabulary, file: files.url.path)
        case nil: throw TokenizerAbsence(path: files.url.path)
        }
    }
}
