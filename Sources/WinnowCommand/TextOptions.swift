import ArgumentParser
import Foundation
import Winnow

/// A text to look at, prepared or not, in blocks.
struct TextOptions: ParsableArguments {
    enum Split: String, ExpressibleByArgument, CaseIterable { case train, validation }

    @Option(help: ArgumentHelp("A folder that `winnow prepare` made.", valueName: "shards"))
    var data: String?

    @Option(help: "Which split of the folder.")
    var split = Split.validation

    @Option(help: ArgumentHelp("A text file, one document.", valueName: "file"))
    var text: String?

    @Option(help: "Tokens in a block, at most the model's positions.")
    var blockLength = 512

    @Flag(help: "Put the end-of-text token between the documents of --data, as `data.separators` does in a recipe.")
    var separators = false

    func validate() throws {
        guard (data == nil) != (text == nil) else { throw ValidationError("give either --data or --text") }
        guard text == nil || !separators else { throw ValidationError("--separators is for --data: a text file is one document") }
        guard blockLength >= 2 else { throw ValidationError("--block-length is 2 or more, not \(blockLength)") }
    }

    /// - Throws: `ValidationError` where the model has fewer positions than a block, and what reading throws.
    func blocks(for opened: ModelOptions.Opened) throws -> PackedBlocks {
        let positions = opened.model.configuration.maximumPositionCount
        guard blockLength <= positions else {
            throw ValidationError("--block-length is \(blockLength), and the model has \(positions) positions")
        }
        let model = opened.files
        if let text { return try TextBlocks(URL(fileURLWithPath: text), model: model, blockLength: blockLength).blocks }
        let corpus = try PreparedCorpus(URL(fileURLWithPath: data!))
        if model.files.tokenizer != nil { try corpus.check(madeWith: model.tokenizer()) }
        return try PackedBlocks(
            shard: split == .train ? corpus.train : corpus.requireValidation(), blockLength: blockLength,
            separatorID: separators ? endOfText(of: model) : nil, tail: .pad)
    }

    private func endOfText(of model: LoadedModel) throws -> Int32 {
        guard let id = try model.tokenizer().eosTokenID else {
            throw ValidationError("--separators: the tokenizer of \(model.name) has no end-of-text token")
        }
        return id
    }
}
