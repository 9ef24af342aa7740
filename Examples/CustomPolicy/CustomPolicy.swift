import Foundation
import Winnow

/// Top-k that passes over the highest scores: of the tokens a model fails on most, many are noise.
struct TrimmedTopK: SelectionPolicy {
    /// The share of a micro-batch's tokens that is taken for noise.
    let noiseShare: Double

    private static let quantile = Operator("aten::quantile", "scalar")
    private static let isAtMost = Operator("aten::le", "Tensor")

    func keys(for scores: Tensor, noise: Generator) -> SelectionKeys {
        let limit: Tensor = Self.quantile(scores, 1 - noiseShare)
        return SelectionKeys(scores, candidates: Self.isAtMost(scores, limit))
    }
}

/// Trains an adapter with that policy and prints the held-out loss before and after.
///
///     winnow prepare my-text/ --output shards
///     swift run -c release CustomPolicy shards 50 [a model's folder or GGUF file]
@main struct CustomPolicy {
    static func main() throws {
        let arguments = Array(CommandLine.arguments.dropFirst())
        guard (2...3).contains(arguments.count), let steps = Int(arguments[1]), steps > 0 else {
            print("usage: CustomPolicy SHARDS STEPS [MODEL]")
            exit(64)
        }
        let corpus = try PreparedCorpus(URL(fileURLWithPath: arguments[0]))
        let files = try ModelFiles(at: arguments.count > 2 ? URL(fileURLWithPath: arguments[2]) : DefaultInput().modelURL())
        let model = try ModelRegistry.load(files.configuration, weights: files.weights)
        let adapter = try LoRAAdapter(for: model, options: LoRAAdapter.Options(), seed: 0)

        let training = try PackedBlocks(shard: corpus.train, blockLength: 64)
        let heldOut = try PackedBlocks(shard: corpus.requireValidation(), blockLength: 64, tail: .pad)
        let batches = try EvaluationBatches(blocks: heldOut, batchSize: 8, limit: 64)
        let trainer = try Trainer(
            model: model, adapter: adapter, sampler: BatchSampler(blocks: training, batchSize: 8, seed: 0),
            selector: TokenSelector(score: LossScore(), policy: TrimmedTopK(noiseShare: 0.05), ratio: 0.5),
            options: Trainer.Options(stepCount: steps))

        let evaluator = Evaluator(model, adapter: adapter)
        print("before", try evaluator.tokenLosses(over: batches).mean)
        while !trainer.isFinished {
            let metrics = try trainer.advance()
            let (taken, valid) = (metrics.selectedTokens, metrics.validTokens)
            print("step \(metrics.step): loss \(metrics.selectedLoss), \(taken) of \(valid) tokens")
        }
        print("after", try evaluator.tokenLosses(over: batches).mean)
    }
}
