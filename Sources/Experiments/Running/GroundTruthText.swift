import Corpora
import Foundation
import Tokenizers

/// A text whose bad tokens are known, ready to be scored.
struct GroundTruthText {
    /// A corruption's registry name, or `champ`.
    let name: String
    let label: String
    /// What was done to which text, in a sentence.
    let summary: String
    let blocks: MarkedBlocks

    static let champName = "champ"

    /// The names of the texts that a recipe asks for, in order.
    static func names(of recipe: GroundTruthRecipe) -> [String] {
        (recipe.corruptions ?? []) + (recipe.champ ? [champName] : [])
    }

    /// How texts become blocks: as the study's own.
    struct Cutting {
        let encoder: Tokenizer
        let separatorID: Int32?
        let blockLength: Int
    }

    init(_ name: String, of recipe: GroundTruthRecipe, cutting: Cutting, in workspace: Workspace) throws {
        if name == Self.champName {
            try self.init(champOf: recipe, cutting: cutting, in: workspace)
        } else {
            try self.init(corruption: name, of: recipe, cutting: cutting, in: workspace)
        }
    }

    private init(corruption name: String, of recipe: GroundTruthRecipe, cutting: Cutting, in workspace: Workspace) throws {
        let corruption = try TextCorruptionRegistry.corruption(named: name)
        let shard = try workspace.corpus(recipe.text).requireValidation()
        let texts = (0..<shard.documentCount).lazy.map { document in
            let clean = cutting.encoder.decode(shard.tokens(in: shard.tokenRange(ofDocument: document)))
            return MarkedText(
                corruption.corrupt(clean, share: recipe.share, seed: UInt64(recipe.seed), document: document))
        }
        let share = recipe.share.formatted(.percent.precision(.fractionLength(0...1)))
        try self.init(
            name: name, label: corruption.label, summary: "Held-out \(recipe.text.label): \(corruption.summary), \(share)",
            texts, of: shard.url.path, limit: recipe.tokens, cutting: cutting)
    }

    private init(champOf recipe: GroundTruthRecipe, cutting: Cutting, in workspace: Workspace) throws {
        let file = try workspace.input.champURL()
        let answers = try ChampAnswers(file).shuffled(seed: UInt64(recipe.seed))
        try self.init(
            name: Self.champName, label: "CHAMP",
            summary: "Language models' answers to competition problems (CHAMP), each with its problem before it and cut off "
                + "after the first wrong step, which people marked and which is bad",
            answers.lazy.map(\.marked), of: file.path, limit: recipe.tokens, cutting: cutting)
    }

    private init(
        name: String, label: String, summary: String, _ texts: some Sequence<MarkedText>, of what: String, limit: Int,
        cutting: Cutting
    ) throws {
        blocks = try MarkedBlocks(
            texts, of: what, encoder: cutting.encoder, separatorID: cutting.separatorID, blockLength: cutting.blockLength,
            tokenLimit: limit)
        let unspelled = blocks.unspelled
        let note = unspelled > 0 ? " \(unspelled) were left out, for their tokens do not spell them." : ""
        (self.name, self.label, self.summary) = (name, label, summary + "." + note)
    }
}
