import ArgumentParser
import Foundation
import Winnow

/// `winnow evaluate`: the loss of every token of a text.
struct EvaluateCommand: ParsableCommand, SharedCommand {
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
              torchrun --no-python --nproc-per-node 2 winnow evaluate --data my-shards
            """)

    @OptionGroup var model: ModelOptions

    @OptionGroup var text: TextOptions

    @Option(help: "Blocks at a time: memory and speed, not the result.")
    var batchSize = 8

    @Option(help: "Only some blocks, spread evenly over the text: as many as fit into so many tokens, but at least one.")
    var tokens: Int?

    @Option(help: "Write every token's loss to this safetensors file: losses, mask and input_ids, [blocks, block length].")
    var tokenLosses: String?

    @Flag(help: "Print {loss, perplexity, tokens, blocks, blockLength}.")
    var json = false

    @OptionGroup var ranks: RankOptions

    func validate() throws {
        for (name, value) in [("--batch-size", batchSize), ("--tokens", tokens ?? 1)] where value < 1 {
            throw ValidationError("\(name) is 1 or more, not \(value)")
        }
    }

    func run() throws {
        ThreadWaiting.shorten()
        let ranks = try ranks.meetSharingProcessors()
        let opened = try model.open()
        let batches = try EvaluationBatches(
            blocks: text.blocks(for: opened), batchSize: batchSize, limit: tokens.map { max(1, $0 / text.blockLength) })

        // Alone there is nothing to hash the model for.
        if ranks.count > 1 { try agreement(on: batches, opened).check(among: ranks) }

        let line = ProgressLine()
        let losses = try Evaluator(opened.model, adapter: opened.adapter, ranks: ranks).tokenLosses(over: batches) { done in
            guard ranks.isFirst else { return }
            line.update(fraction: Double(done) / Double(batches.blockCount)) { elapsed in
                String(format: "%.0f tokens/s", Double(done * text.blockLength) / (elapsed / .seconds(1)))
            }
        }
        line.clear()
        guard ranks.isFirst else { return try ranks.barrier("writing the losses") }
        if let tokenLosses { try TokenLossFile.write(losses, to: URL(fileURLWithPath: tokenLosses)) }

        try ranks.barrier("writing the losses")

        let output = Output(losses)
        guard json else {
            return print(
                String(
                    format: "loss %.6f nats, perplexity %.4f, over %d tokens in %d blocks of %d", output.loss, output.perplexity,
                    output.tokens, output.blocks, output.blockLength))
        }
        print(String(decoding: try RecordFile.encoder().encode(output), as: UTF8.self))
    }

    private func agreement(on batches: EvaluationBatches, _ opened: ModelOptions.Opened) throws -> RankAgreement {
        let identity = try ReferenceIdentity(opened.files, adapter: model.adapter.map { URL(fileURLWithPath: $0) })
        let blocks = batches.blocks
        return RankAgreement([
            "model": identity.modelHash, "adapter": identity.adapterHash ?? "none", "text": blocks.shard.contentHash,
            "block length": "\(blocks.blockLength)", "separator": blocks.separatorID.map { "\($0)" } ?? "none",
            "batch size": "\(batches.batchSize)", "number of blocks": "\(batches.blockCount)",
        ])
    }

    private struct Output: Encodable {
        var loss, perplexity: Double
        var tokens, blocks, blockLength: Int

        init(_ losses: TokenLosses) {
            (loss, tokens, blocks) = (losses.mean, losses.count, losses.rows)
            (perplexity, blockLength) = (exp(losses.mean), losses.positions)
        }
    }
}
