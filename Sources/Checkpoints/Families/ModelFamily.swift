/// A family of decoder models: how its `config.json` is read and written, and what its layers have.
///
/// A family is one file that conforms and one line in `ModelFamilies.all`. What the pieces compute is in `Models`.
protocol ModelFamily: Sendable {
    /// The class of transformers that `architectures` names.
    var architecture: String { get }
    /// transformers' `model_type`.
    var modelType: String { get }
    /// What transformers' class takes where a file is silent.
    var defaults: FamilyDefaults { get }

    /// The pieces that a `config.json` asks for.
    ///
    /// - Throws: `CheckpointError.unsupportedSetting` for a setting of the family's own that is not implemented.
    func pieces(_ config: ConfigurationReader, layerCount: Int) throws -> LayerPieces

    /// The keys of the family's own, so that transformers reads the same pieces again.
    func encode(
        _ configuration: ModelConfiguration, into container: inout KeyedEncodingContainer<ModelConfiguration.CodingKeys>
    ) throws

    /// `general.architecture` of llama.cpp's files; `nil` where those are not read.
    var ggufName: String? { get }
    /// Whether llama.cpp's converter permuted the rows of the query and key projections, from rotating halves to rotating pairs.
    var ggufPermutesQueryAndKey: Bool { get }
    /// The pieces of a GGUF file, which names few of them: some are known by their tensors.
    ///
    /// - Parameter holds: whether the file has a tensor of this Hugging Face name.
    func pieces(ofGGUF holds: (String) -> Bool) -> LayerPieces
}

extension ModelFamily {
    var ggufName: String? { nil }
    var ggufPermutesQueryAndKey: Bool { false }
    func pieces(ofGGUF holds: (String) -> Bool) -> LayerPieces { LayerPieces() }
}

/// What transformers' class takes where a `config.json` is silent, as far as classes differ.
struct FamilyDefaults: Sendable {
    /// `nil`: as many as query heads.
    var keyValueHeadCount: Int?
    /// `nil`: the width over the heads.
    var headSize: Int?
    var maximumPositionCount: Int
    var tiesEmbeddings = false
}

/// The families that Winnow reads, by their class in transformers.
public enum ModelFamilies {
    static let all: [any ModelFamily] = [LlamaFamily(), MistralFamily(), Qwen2Family(), Qwen3Family(), GemmaFamily()]

    /// What `architectures` of a `config.json` may name.
    public static let architectures = all.map(\.architecture).sorted()

    static subscript(architecture: String) -> (any ModelFamily)? { all.first { $0.architecture == architecture } }

    /// - Throws: `CheckpointError.unknownArchitecture`, naming `file`.
    static func named(_ architecture: String, file: String) throws -> any ModelFamily {
        guard let family = self[architecture] else {
            throw CheckpointError.unknownArchitecture(name: architecture, file: file, known: architectures)
        }
        return family
    }
}
