import ArgumentParser
import Foundation
import Winnow

/// `winnow score`: a reference's loss of every token, kept in a file that training reads.
struct ScoreCommand: ParsableCommand, SharedCommand {
    static let configuration = CommandConfiguration(
        commandName: "score",
        abstract: "Keep a reference's loss of every token in a file, so that training needn't run the reference.",
        discussion: """
            `selection.store` in a recipe names the file. It is refused where it was made with another model, adapter, text, \
            block length, separator, precision or version of the arithmetic than the run has.

            What is scored stays when the command is stopped or killed: the same command goes on. A file of the same losses is \
            added to where it lacks blocks; one of other losses stays, unless you pass --overwrite. Where a recipe mixes corpora, \
            --recipe is the way to score them.

            Examples:
              winnow score --adapter runs/reference --data prepared/noisy --output noisy.safetensors
              winnow score --adapter runs/reference --data prepared/noisy --dtype float16 --entropy --output noisy.safetensors
              winnow score --recipe adapt.yaml --output noisy.safetensors    only what a run of this recipe sees and probes
              winnow score --adapter runs/reference --data prepared/noisy --compare noisy.safetensors --blocks 64
              torchrun --no-python --nproc-per-node 2 winnow score --data prepared/noisy --output noisy.safetensors

            Started by torchrun, several processes take batches in turns and rank 0 writes what all have found.
            """)

    enum Split: String, ExpressibleByArgument, CaseIterable { case train, validation }
    enum ComputeType: String, ExpressibleByArgument, CaseIterable { case float32, bfloat16 }

    @Option(help: "The reference's model: a Hugging Face folder, a GGUF file, or `default`. (default: default)")
    var model: String?

    @Option(help: ArgumentHelp("A PEFT adapter on the model, such as a run's directory.", valueName: "folder"))
    var adapter: String?

    @Option(help: ArgumentHelp("A folder that `winnow prepare` made.", valueName: "shards"))
    var data: String?

    @Option(help: "Which split of the folder. Of train, tokens that don't fill the last block are left out, as in training.")
    var split: Split?

    @Option(help: "Tokens in a block, as `data.blockLength` in the recipe. (default: 128)")
    var blockLength: Int?

    @Flag(help: "Put the end-of-text token between documents, as `data.separators` does in a recipe.")
    var separators = false

    @Option(help: "What the model computes in, as `compute.dtype` in the recipe. (default: float32)")
    var computeDtype: ComputeType?

    @Option(help: "Only the first blocks. A run that asks for another is refused.")
    var blocks: Int?

    @Option(
        help: ArgumentHelp(
            "Take the reference, the text and the blocks from this recipe instead of all the above.", valueName: "file"))
    var recipe: String?

    @Option(help: "What a loss is stored as: 4 bytes, or 2.")
    var dtype = ReferenceLossLayout.Precision.float32

    @Flag(help: "Store the entropy of each prediction too, which `selfReference` reads.")
    var entropy = false

    @Option(help: "Blocks at a time. (default: 8, or the recipe's)")
    var batchSize: Int?

    @Option(help: ArgumentHelp("The file to write.", valueName: "file"))
    var output: String?

    @Flag(help: "Replace a file of other losses.")
    var overwrite = false

    @Option(
        help: ArgumentHelp(
            "Write nothing; score these blocks again and say how far this file's losses select the same tokens by excess loss.",
            valueName: "store"))
    var compare: String?

    @Option(
        help: ArgumentHelp("For --compare: the adapter whose excess is taken. Default: the model alone.", valueName: "folder"))
    var student: String?

    @Option(help: "For --compare: the share of tokens to select. (default: 0.6)")
    var ratio: Double?

    @OptionGroup var ranks: RankOptions

    @Flag(help: "Print {file, blocks, tokens, loss, entropy, seconds}, or of --compare {jaccard, selectedTokens, tokens, …}.")
    var json = false

    func validate() throws {
        guard (recipe == nil) != (data == nil) else { throw ValidationError("give either --data or --recipe") }
        if recipe != nil {
            let given: [(String, Bool)] = [
                ("--model", model != nil), ("--adapter", adapter != nil), ("--split", split != nil),
                ("--block-length", blockLength != nil), ("--separators", separators), ("--blocks", blocks != nil),
                ("--compute-dtype", computeDtype != nil), ("--compare", compare != nil),
            ]
            if let (name, _) = given.first(where: \.1) {
                throw ValidationError("\(name) doesn't go with --recipe, which says what to score")
            }
        }
        guard (output == nil) != (compare == nil) else { throw ValidationError("give either --output or --compare") }
        if compare == nil {
            if student != nil || ratio != nil { throw ValidationError("--student and --ratio are for --compare") }
        } else if overwrite || entropy {
            throw ValidationError("--compare writes nothing: leave out --overwrite and --entropy")
        } else if student == adapter {
            throw ValidationError("--compare needs a student that isn't the reference, or every excess is 0: give --student")
        }
        for (name, value) in [("--batch-size", batchSize), ("--blocks", blocks)] where value.map({ $0 < 1 }) == true {
            throw ValidationError("\(name) is 1 or more, not \(value!)")
        }
        guard blockLength ?? 2 >= 2 else { throw ValidationError("--block-length is 2 or more, not \(blockLength!)") }
        guard ratio.map({ $0 > 0 && $0 <= 1 }) ?? true else { throw ValidationError("--ratio is more than 0 and at most 1") }
    }

    func run() throws {
        ThreadWaiting.shorten()
        StopSignal.listen()
        let ranks = try ranks.meetSharingProcessors()
        if let compare {
            guard ranks.count == 1 else { throw ValidationError("--compare runs in one process, and here are \(ranks.count)") }
            return try self.compare(URL(fileURLWithPath: compare))
        }
        var output = ReferenceScoring.Output(URL(fileURLWithPath: output!), storedAs: dtype, hasEntropies: entropy)
        output.isReplacing = overwrite
        do {
            try CommandFailure.mapped { try score(into: output, ranks) }
        } catch let error as RunRecordError {
            guard case .foreignReferenceLosses = error else { throw error }
            throw Refusal(reason: "\(error)")
        }
    }

    private struct Refusal: Error, CustomStringConvertible {
        let reason: String
        var description: String { reason + "; pass --overwrite to replace the file, or write to another" }
    }

    private func score(into output: ReferenceScoring.Output, _ ranks: ProcessGroup) throws {
        if let recipe {
            let text = try RecipeText(named: recipe)
            let (recipe, notes) = try Recipe.reading(yaml: text.yaml, source: text.source)
            if ranks.isFirst { notes.forEach { Terminal.note("\($0)") } }
            try score(ReferenceScoring(recipe, into: output, ranks: ranks), batchSize: batchSize ?? recipe.training.batchSize)
        } else {
            let input = try input()
            let scoring = try ReferenceScoring(
                input.model, adapter: input.adapter, blocks: input.blocks, count: blocks, dtype: input.dtype, into: output,
                ranks: ranks)
            try score(scoring, batchSize: batchSize ?? 8)
        }
    }

    private func score(_ scoring: ReferenceScoring, batchSize: Int) throws {
        guard let store = scoring.store else {
            guard try scoring(batchSize: batchSize, shouldStop: { StopSignal.isReceived }) == .finished else {
                throw StopSignal.exitCode
            }
            return
        }
        let (total, before) = (scoring.indices.count, scoring.doneCount)
        if before == total {
            Terminal.note("\(store.url.path) is complete: it holds all \(total) blocks already")
        } else if before > 0 {
            Terminal.note("going on after \(before) of \(total) blocks")
        }
        let line = ProgressLine()
        let outcome = try scoring(batchSize: batchSize, shouldStop: { StopSignal.isReceived }) { done in
            line.update(fraction: Double(done) / Double(total)) { elapsed in
                let scored = max(0, done - before) * scoring.blocks.blockLength
                return String(format: "%.0f tokens/s", Double(scored) / (elapsed / .seconds(1)))
            }
        }
        line.clear()
        guard outcome == .finished else {
            Terminal.note("stopped after \(scoring.doneCount) of \(total) blocks; the same command goes on")
            throw StopSignal.exitCode
        }
        let means = try scoring.means()
        let result = Result(
            file: store.url.path, blocks: total, tokens: means.tokens, loss: means.loss, entropy: means.entropy,
            seconds: store.scoringSeconds)
        guard !json else { return print(String(decoding: try RecordFile.encoder().encode(result), as: UTF8.self)) }
        let entropy = result.entropy.map { String(format: ", entropy %.6f nats", $0) } ?? ""
        print(
            String(
                format: "loss %.6f nats%@, over %d tokens in %d blocks of %d, scored in %@", result.loss, entropy,
                result.tokens, total, scoring.blocks.blockLength, Terminal.duration(result.seconds)))
        print(result.file)
    }

    private struct Result: Encodable {
        var file: String
        var blocks, tokens: Int
        var loss: Double
        var entropy: Double?
        /// Of the reference's passes, earlier commands' included.
        var seconds: Double
    }

    // MARK: Comparing

    private func compare(_ store: URL) throws {
        let input = try input()
        let line = ProgressLine()
        let comparison = try StoreComparison(
            ReferenceLossFile(store), with: input.model, adapter: input.adapter,
            student: student.map { URL(fileURLWithPath: $0) }, blocks: input.blocks, dtype: input.dtype, ratio: ratio ?? 0.6,
            count: blocks, batchSize: batchSize ?? 8
        ) { done, count in
            line.update(fraction: Double(done) / Double(count)) { _ in "block \(done) of \(count)" }
        }
        line.clear()
        guard !json else { return print(String(decoding: try RecordFile.encoder().encode(comparison), as: UTF8.self)) }
        print(
            String(
                format: "Jaccard %.6f of %d tokens selected among %d; losses differ by %.2e nats at most, %.2e on average",
                comparison.jaccard, comparison.selectedTokens, comparison.tokens, comparison.largestDifference,
                comparison.meanDifference))
    }

    // MARK: Opening

    private struct Input {
        var model: LoadedModel
        var adapter: URL?
        var blocks: PackedBlocks
        var dtype: DType
    }

    private func input() throws -> Input {
        let (workspace, dtype) = (Workspace(), computeDtype == .bfloat16 ? DType.bfloat16 : .float32)
        let model = try workspace.model(model.map { $0 == "default" ? .standard : .path($0) } ?? .standard, dtype: dtype)
        let (length, positions) = (blockLength ?? 128, model.model.configuration.maximumPositionCount)
        guard length <= positions else {
            throw ValidationError("--block-length is \(length), and the model has \(positions) positions")
        }
        let corpus = try PreparedCorpus(URL(fileURLWithPath: data!))
        if model.files.tokenizer != nil { try corpus.check(madeWith: model.tokenizer()) }
        var separator: Int32?
        if separators {
            separator = try model.tokenizer().eosTokenID
            if separator == nil {
                throw ValidationError("--separators: the tokenizer of \(model.name) has no end-of-text token")
            }
        }
        let blocks =
            split == .validation
            ? try PackedBlocks(shard: corpus.requireValidation(), blockLength: length, separatorID: separator, tail: .pad)
            : try PackedBlocks(shard: corpus.train, blockLength: length, separatorID: separator, tail: .drop)
        return Input(model: model, adapter: adapter.map { URL(fileURLWithPath: $0) }, blocks: blocks, dtype: dtype)
    }
}

extension ReferenceLossLayout.Precision: ExpressibleByArgument {}
