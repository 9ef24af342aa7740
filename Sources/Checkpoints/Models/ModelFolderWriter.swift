import Foundation

/// Writes a Hugging Face model folder that transformers loads: `config.json`, `generation_config.json`,
/// `model.safetensors`, and the tokenizer's files.
public struct ModelFolderWriter: Sendable {
    /// A file that is passed on as it is.
    public enum Companion: Sendable, Hashable {
        case data(Data)
        case copy(of: URL)
    }

    public var configuration: ModelConfiguration
    /// All of one floating-point type, which `config.json` names.
    public var tensors: [TensorDescription]
    /// By file name: `tokenizer.json` and its like.
    public var companions: [String: Companion]

    /// - Parameter tensors: names and shapes; a head tied to the embedding is left out, as transformers does.
    public init(
        configuration: ModelConfiguration, tensors: [(name: String, shape: [Int])], elementType: ElementType = .float32,
        companions: [String: Companion] = [:]
    ) {
        precondition(
            [.float32, .float16, .bfloat16].contains(elementType), "weights cannot be written as \(elementType.rawValue)")
        let reserved = ["config.json", "generation_config.json", "model.safetensors"]
        precondition(companions.keys.allSatisfy { !reserved.contains($0) && !$0.contains("/") }, "a companion's name is taken")
        self.configuration = configuration
        self.tensors = tensors.map { TensorDescription(name: $0.name, elementType: elementType, shape: $0.shape) }
        self.companions = companions
    }

    /// The tokenizer's files of a Hugging Face folder, to be passed on.
    public static func tokenizerFiles(in folder: URL) -> [String: Companion] {
        let names = [
            "tokenizer.json", "tokenizer_config.json", "tokenizer.model", "special_tokens_map.json", "added_tokens.json",
            "vocab.json", "merges.txt", "chat_template.jinja",
        ]
        let files = names.map { ($0, folder.appendingPathComponent($0)) }
        return Dictionary(
            uniqueKeysWithValues: files.filter { FileManager.default.fileExists(atPath: $0.1.path) }.map { ($0, .copy(of: $1)) })
    }

    /// Writes the folder, asking `floats` for one tensor after another.
    ///
    /// - Parameter replacing: whether a folder that is not empty gives way.
    /// - Throws: `CheckpointError.alreadyExists`, `.system`, `.wrongCount`, `.valueOutOfRange`, and what `floats` throws;
    ///   then nothing is written.
    public func write(
        to url: URL, replacing: Bool = false, floats: (TensorDescription) throws -> [Float]
    ) throws {
        try configuration.validate(file: url.appendingPathComponent("config.json").path)
        let folder = try AtomicFolder(at: url, replacing: replacing)
        func file(_ name: String) -> URL { folder.url.appendingPathComponent(name) }
        for (name, companion) in companions {
            switch companion {
            case .data(let data): try AtomicFile.write(data, to: file(name))
            case .copy(let source): try AtomicFile.write(MappedFile(source).withBytes { Data($0) }, to: file(name))
            }
        }
        let stored = StoredConfiguration(configuration: configuration, elementType: tensors.first?.elementType ?? .float32)
        try AtomicFile.write(JSONFile.encode(stored), to: file("config.json"))
        try AtomicFile.write(JSONFile.encode(GenerationConfiguration(configuration)), to: file("generation_config.json"))
        try SafetensorsWriter(tensors).write(to: file("model.safetensors")) { .floats(try floats($0)) }
        try folder.commit()
    }
}

extension ModelFolderWriter {
    /// `config.json`, with the type of the weights beside it.
    private struct StoredConfiguration: Encodable {
        var configuration: ModelConfiguration
        var elementType: ElementType

        private static let names: [ElementType: String] = [.float32: "float32", .float16: "float16", .bfloat16: "bfloat16"]

        func encode(to encoder: any Encoder) throws {
            try configuration.encode(to: encoder)
            var container = encoder.container(keyedBy: ModelConfiguration.CodingKeys.self)
            try container.encode(Self.names[elementType], forKey: .elementType)
        }
    }

    /// `generation_config.json`: what transformers' `generate` begins and stops with.
    private struct GenerationConfiguration: Encodable {
        var isFromModel = true
        var bos: Int?
        var eos: ModelConfiguration.TokenIDs?
        var padding: Int?

        init(_ configuration: ModelConfiguration) {
            bos = configuration.bosTokenID
            eos = configuration.eosTokenIDs.isEmpty ? nil : ModelConfiguration.TokenIDs(ids: configuration.eosTokenIDs)
            padding = configuration.paddingTokenID
        }

        private enum CodingKeys: String, CodingKey {
            case isFromModel = "_from_model_config"
            case bos = "bos_token_id"
            case eos = "eos_token_id"
            case padding = "pad_token_id"
        }
    }
}
