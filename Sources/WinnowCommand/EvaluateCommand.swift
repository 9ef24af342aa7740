import ArgumentParser
import Foundation
import Winnow

/// `winnow evaluate`: the loss of every token of a text.
struct EvaluateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "evaluate",
        abstract: "Measure a model's loss and perplexity on prepared text or on a text file.",
        discussion: """
            The loss is the exact mean over tokens, in nats. A token is predicted from those before it in its block, \
            so longer blocks give lower losses: compare figures of one block length.

            Examples:
              winnow evaluate --text essay.txt
              winnow evaluate --data my-shards --adapter runs/mine --block-length 128
              winnow evaluate --data my-shards --token-losses base.safetensors
            """)

    enum Split: String, ExpressibleByArgument, CaseIterable { case train, validation }

    @OptionGroup var model: ModelOptions

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

    @Option(help: "Blocks at a time: memory and speed, not the result.")
    var batchSize = 8

    @Option(help: "Only some blocks, spread evenly over the text: as many as fit into so many tokens, but at least one.")
    var tokens: Int?

    @Option(help: "Write every token's loss to this safetensors file: losses, mask and input_ids, [blocks, block length].")
    var tokenLosses: String?

    @Flag(help: "Print {loss, perplexity, tokens, blocks, blockLength}.")
    var json = false

    func validate() throws {
        guard (data == nil) != (text == nil) else { throw ValidationError("give either --data or --text") }
        guard text == nil || !separators else { throw ValidationError("--separators is for --data: a text file is one document") }
        for (name, value) in [("--batch-size", batchSize), ("--tokens", tokens ?? 1)] where value < 1 {
            throw ValidationError("\(name) is 1 or more, not \(value)")
        }
        guard blockLength >= 2 else { throw ValidationError("--block-length is 2 or more, not \(blockLength)") }
    }

    func run() throws {
        ThreadWaiting.shorten()
        let opened = try model.open()
        let positions = opened.model.configuration.maximumPositionCount
        guard blockLength <= positions else {
            throw ValidationError("--block-length is \(blockLength), and the model has \(positions) positions")
        }
        let batches = try EvaluationBatches(
            blocks: blocks(of: opened.files), batchSize: batchSize, limit: tokens.map { max(1, $0 / blockLength) })

        let line = ProgressLine()
        let losses = try Evaluator(opened.model, adapter: opened.adapter).tokenLosses(over: batches) { done in
            line.update(fraction: Double(done) / Double(batches.blockCount)) { elapsed in
                String(format: "%.0f tokens/s", Double(done * blockLength) / (elapsed / .seconds(1)))
            }
        }
        line.clear()
        if let tokenLosses { try TokenLossFile.write(losses, to: URL(fileURLWithPath: tokenLosses)) }

        let output = Output(losses)
        guard json else {
            return print(
                String(
                    format: "loss %.6f nats, perplexity %.4f, over %d tokens in %d blocks of %d", output.loss, output.perplexity,
                    output.tokens, output.blocks, output.blockLength))
        }
        print(String(decoding: try RecordFile.encoder().encode(output), as: UTF8.self))
    }

    private struct Output: Encodable {
        var loss, perplexity: Double
        var tokens, blocks, blockLength: Int

        init(_ losses: TokenLosses) {
            (loss, tokens, blocks) = (losses.mean, losses.count, losses.rows)
            (perplexity, blockLength) = (exp(losses.mean), losses.positions)
        }
    }

    private func blocks(of model: LoadedModel) throws -> PackedBlocks {
        if let text { return try TextBlocks(URL(fileURLWithPath: text), model: model, blockLength: blockLength).blocks }
        let corpus = try PreparedCorpus(URL(fileURLWithPath: data!))
        if model.files.tokenizer != nil { try corpus.check(madeWith: model.tokenizer()) }
        let separator = separators ? try endOfText(of: model) : nil
        return try PackedBlocks(
            shard: split == .train ? corpus.train : corpus.requireValidation(), blockLength: blockLength, separatorID: separator,
            tail: .pad)
    }

    private func endOfText(of model: LoadedModel) throws -> Int32 {
        guard let id = try model.tokenizer().eosTokenID else {
            throw ValidationError("--separators: the tokenizer of \(model.name) has no end-of-text token")
        }
        return id
    }
}
