/// A decoder's `config.json`, in Hugging Face's words.
public struct ModelConfiguration: Sendable, Hashable {
    /// The class of transformers: one of `ModelFamilies.architectures`.
    public var architecture: String
    public var vocabularySize: Int
    /// Width of the residual stream, D.
    public var hiddenSize: Int
    /// Width of the feed-forward layer.
    public var intermediateSize: Int
    public var layerCount: Int
    public var headCount: Int
    /// Heads that hold keys and values; each serves `headCount / keyValueHeadCount` query heads.
    public var keyValueHeadCount: Int
    public var headSize: Int
    /// The ε of RMSNorm.
    public var normEpsilon: Double
    /// The base θ of the rotary frequencies.
    public var ropeBase: Double
    public var ropeScaling: RopeScaling?
    /// The longest sequence the model was trained for.
    public var maximumPositionCount: Int
    /// Whether the head's weight is the embedding's.
    public var tiesEmbeddings: Bool
    /// What the decoder does that plain Llama doesn't.
    public var pieces: LayerPieces
    /// Standard deviation of freshly drawn weights.
    public var initializerRange: Double
    public var bosTokenID: Int?
    /// Every token that ends a text; Llama 3 has several.
    public var eosTokenIDs: [Int]
    public var paddingTokenID: Int?

    /// The first token that ends a text.
    public var eosTokenID: Int? { eosTokenIDs.first }

    /// - Parameters:
    ///   - keyValueHeadCount: `headCount` where it is not given, which is plain multi-head attention.
    ///   - headSize: `hiddenSize / headCount` where it is not given.
    public init(
        architecture: String = "LlamaForCausalLM", vocabularySize: Int, hiddenSize: Int, intermediateSize: Int, layerCount: Int,
        headCount: Int, keyValueHeadCount: Int? = nil, headSize: Int? = nil, normEpsilon: Double = 1e-5,
        ropeBase: Double = 10000, ropeScaling: RopeScaling? = nil, maximumPositionCount: Int = 2048,
        tiesEmbeddings: Bool = false, pieces: LayerPieces = LayerPieces(), initializerRange: Double = 0.02,
        bosTokenID: Int? = nil, eosTokenIDs: [Int] = [], paddingTokenID: Int? = nil
    ) {
        self.architecture = architecture
        self.vocabularySize = vocabularySize
        self.hiddenSize = hiddenSize
        self.intermediateSize = intermediateSize
        self.layerCount = layerCount
        self.headCount = headCount
        self.keyValueHeadCount = keyValueHeadCount ?? headCount
        self.headSize = headSize ?? (headCount > 0 ? hiddenSize / headCount : 0)
        self.normEpsilon = normEpsilon
        self.ropeBase = ropeBase
        self.ropeScaling = ropeScaling
        self.maximumPositionCount = maximumPositionCount
        self.tiesEmbeddings = tiesEmbeddings
        self.pieces = pieces
        self.initializerRange = initializerRange
        self.bosTokenID = bosTokenID
        self.eosTokenIDs = eosTokenIDs
        self.paddingTokenID = paddingTokenID
    }

    /// Checks that the sizes are possible, and fit one another.
    ///
    /// - Parameter file: what errors call the place that the configuration came from.
    /// - Throws: `CheckpointError.unknownArchitecture`; `.invalid` with every problem found.
    public func validate(file: String = "config.json") throws {
        _ = try ModelFamilies.named(architecture, file: file)
        var problems: [String] = []
        for (key, size) in sizes where !(1...Int(Int32.max)).contains(size) {
            problems.append("\(key.rawValue) is \(size), which is not a possible size")
        }
        if headCount > 0, keyValueHeadCount > 0, headCount % keyValueHeadCount != 0 {
            problems.append("num_attention_heads (\(headCount)) is not a multiple of num_key_value_heads (\(keyValueHeadCount))")
        }
        if headSize > 0, headSize % 2 != 0 { problems.append("head_dim is \(headSize), and rotary embedding needs it even") }
        if !(normEpsilon.isFinite && normEpsilon > 0) { problems.append("rms_norm_eps is \(normEpsilon), not above 0") }
        if !(ropeBase.isFinite && ropeBase > 0) { problems.append("rope_theta is \(ropeBase), not above 0") }
        if !(initializerRange.isFinite && initializerRange >= 0) {
            problems.append("initializer_range is \(initializerRange), not 0 or above")
        }
        guard problems.isEmpty else { throw CheckpointError.invalid(file: file, problems: problems) }
        try ropeScaling?.validate(file: file)
    }

    private var sizes: [(CodingKeys, Int)] {
        [
            (.vocabularySize, vocabularySize), (.hiddenSize, hiddenSize), (.intermediateSize, intermediateSize),
            (.layerCount, layerCount), (.headCount, headCount), (.keyValueHeadCount, keyValueHeadCount), (.headSize, headSize),
            (.maximumPositionCount, maximumPositionCount),
        ] + (pieces.window.map { [(.slidingWindow, $0.length)] } ?? [])
    }
}
