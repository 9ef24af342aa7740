import ArgumentParser
import Foundation
import Winnow

/// `winnow prepare`: text into token shards.
struct PrepareCommand: AsyncParsableCommand, SharedCommand {
    static let configuration = CommandConfiguration(
        commandName: "prepare",
        abstract: "Turn text into token shards for training and validation.",
        discussion: """
            Reads .txt, .md, .jsonl, .html and .htm, each also as .gz or .zst, and .parquet and .arrow, also in folders as the Hub and \
            `datasets` lay them out: files, folders (to their depths, in order) and globs. Of an HTML page the main text alone is taken; \
            exact duplicates are left out; whole documents are held out for validation. The output folder appears complete or not at all.

            Started by torchrun, several processes read the same files, take turns at their documents, and make the same corpus.
            """)

    @Argument(help: "Files, folders and globs of text.")
    var inputs: [String]

    @Option(help: "Whose tokenizer: a model folder, a tokenizer.json, a GGUF file, or `default`.")
    var model = "default"

    @Option(help: "The folder to make.")
    var output: String

    @Option(
        name: [.long, .customLong("text-column")],
        help: "The field of a JSON line, or the column of a Parquet or Arrow file, that is the document.")
    var field = "text"

    @Option(
        parsing: .singleValue,
        help:
            "Of the files found in folders, take only those that match this glob. Repeatable; a glob without a slash matches any name."
    )
    var include: [String] = []

    @Option(parsing: .singleValue, help: "Leave out the files, and all in the folders, that match this glob. Repeatable.")
    var exclude: [String] = []

    @Option(help: "Hold out about this fraction of the documents, chosen by their content. (default: 0.05)")
    var validationFraction: Double?

    @Option(help: "Hold out every so many-th document instead.")
    var validationEvery: Int?

    @Option(name: .customLong("min-characters"), help: "Leave out documents that are shorter.")
    var minimumCharacters: Int?

    @Option(name: .customLong("max-characters"), help: "Leave out documents that are longer.")
    var maximumCharacters: Int?

    @Option(help: "Begin another file of tokens after so many. The order of training does not depend on it.")
    var shardTokens = CorpusPreparation.defaultShardTokens

    @Flag(help: "Replace a prepared corpus in the output folder.")
    var overwrite = false

    @OptionGroup var ranks: RankOptions

    @Flag(help: "Print the manifest of the prepared corpus.")
    var json = false

    func validate() throws {
        if validationFraction != nil && validationEvery != nil {
            throw ValidationError("Give --validation-fraction or --validation-every, not both.")
        }
        guard shardTokens > 0 else { throw ValidationError("--shard-tokens is 1 or more, not \(shardTokens)") }
        do {
            try options.check()
        } catch {
            throw ValidationError("\(error)")
        }
    }

    func run() async throws {
        let url = model == "default" ? try DefaultInput().modelURL() : URL(fileURLWithPath: model)
        let ranks = PreparationGroup(try ranks.meet())
        let preparation = CorpusPreparation(
            inputs: inputs, options: options, encoder: try Tokenizer(at: url), shardTokens: shardTokens, ranks: ranks)
        let line = ProgressLine()
        let start = ContinuousClock.now
        StopSignal.listen()
        let manifest: CorpusManifest
        do {
            defer { line.clear() }
            manifest = try await preparation.run(to: URL(fileURLWithPath: output), overwrite: overwrite) { progress in
                if StopSignal.isReceived { withUnsafeCurrentTask { $0?.cancel() } }
                guard ranks.rank == 0 else { return }
                line.update(fraction: Double(progress.bytes) / Double(max(1, progress.totalBytes))) { elapsed in
                    let rate = Double(progress.tokens) / max(0.001, elapsed / .seconds(1))
                    return "\(progress.documents) documents  \(progress.tokens) tokens  \(Int(rate)) tokens/s"
                }
            }
        } catch is CancellationError {
            throw StopSignal.exitCode
        }
        guard ranks.rank == 0 else { return }
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(manifest), as: UTF8.self))
        } else {
            print(summary(of: manifest, took: ContinuousClock.now - start))
        }
    }

    private var options: CorpusOptions {
        var options = CorpusOptions()
        (options.field, options.include, options.exclude) = (field, include, exclude)
        if let validationFraction { options.split = .fraction(validationFraction) }
        if let validationEvery { options.split = .every(validationEvery) }
        (options.minimumCharacters, options.maximumCharacters) = (minimumCharacters, maximumCharacters)
        return options
    }

    private func summary(of manifest: CorpusManifest, took duration: Duration) -> String {
        func line(_ name: String, _ split: CorpusManifest.Split) -> String {
            String(
                format: "%@ %8d documents %12d tokens %13d bytes %6.3f bytes/token",
                name.padding(toLength: 11, withPad: " ", startingAt: 0), split.documents, split.tokens, split.textBytes,
                split.bytesPerToken)
        }
        var lines = [line("train", manifest.train)]
        lines.append(manifest.validation.map { line("validation", $0) } ?? "validation  no document was held out")
        lines.append("left out    \(manifest.leftOut.reasons)")
        if manifest.repairedDocuments > 0 {
            lines.append("repaired    \(manifest.repairedDocuments) documents with bytes that are not UTF-8")
        }
        lines.append("wrote       \(output) from \(manifest.files) files in \(String(format: "%.1f", duration / .seconds(1))) s")
        return lines.joined(separator: "\n")
    }
}
