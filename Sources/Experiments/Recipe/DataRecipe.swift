/// What is read: the text to train on, the text to evaluate on, and how both are cut into blocks.
public struct DataRecipe: Equatable, Sendable {
    /// The corpus, or corpora, whose training split is trained on.
    public var train = TrainingText.noisy
    /// The corpora whose validation splits are evaluated, each by a name for tables and metrics. Empty evaluates nothing.
    /// Where the recipe says nothing, it is `validation`: the training corpus; `validation-2` and so on are the others of a mixture.
    public var validation: [String: CorpusSource] = ["validation": .noisy]
    /// Tokens in a block: what the model sees at once.
    public var blockLength = 128
    /// Whether the end-of-text token stands between documents.
    public var separators = false

    public init() {}
}

extension DataRecipe: RecipeSection {
    mutating func visit(_ visitor: inout some RecipeVisitor) {
        visitor.value("train", &train)
        let parts = train.parts.enumerated().map { ($0 == 0 ? "validation" : "validation-\($0 + 1)", $1.corpus) }
        visitor.value("validation", &validation, nil, fallback: Dictionary(uniqueKeysWithValues: parts), unused: nil)
        // A block of one token has nothing to predict.
        visitor.value("blockLength", &blockLength, .atLeast(2, atMost: 1 << 20))
        visitor.value("separators", &separators)
    }
}
