import ArgumentParser
import Foundation
import Winnow

/// `winnow generate`: a text continued by a model, so that one can see what it has learned.
struct GenerateCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "generate",
        abstract: "Continue a text.",
        discussion: """
            Prints the prompt and its continuation as it comes, until the model ends the text. The same seed gives the same text.

            Examples:
              winnow generate --prompt "A prime number is"
              winnow generate --adapter runs/mine --prompt "sage: factor(" --temperature 0 --max-tokens 40
            """)

    @OptionGroup var model: ModelOptions

    @Option(help: "The text to continue.")
    var prompt: String

    @Option(help: "Tokens to add at most.")
    var maxTokens = 100

    @Option(help: "How freely tokens are drawn; 0 always takes the likeliest.")
    var temperature = 0.8

    @Option(help: "Draw from the fewest tokens whose probabilities reach this together; 1 draws from all.")
    var topP = 0.95

    @Option(help: "The seed of the draws.")
    var seed: UInt64 = 0

    @Flag(help: "Print {prompt, text, tokens, stopReason} at the end instead: text and token ids of the continuation.")
    var json = false

    func validate() throws {
        guard maxTokens > 0 else { throw ValidationError("--max-tokens is 1 or more, not \(maxTokens)") }
        do { _ = try TokenSampler(options.sampling) } catch { throw ValidationError("\(error)") }
    }

    func run() throws {
        let opened = try model.open()
        let tokenizer = try opened.files.tokenizer()
        var options = options
        options.stopIDs = Set(opened.model.configuration.eosTokenIDs.map(Int32.init))
        var decoder = tokenizer.streamingDecoder(skipSpecialTokens: true)
        var text = ""
        func show(_ piece: String) {
            text += piece
            if !json { FileHandle.standardOutput.write(Data(piece.utf8)) }
        }

        if !json { FileHandle.standardOutput.write(Data(prompt.utf8)) }
        let continuation = try TextGenerator(opened.model, adapter: opened.adapter).continuation(
            of: tokenizer.encode(prompt, addSpecialTokens: true), options: options
        ) { show(decoder.push($0)) }
        show(decoder.finish())
        guard json else { return print() }
        let output = Output(
            prompt: prompt, text: text, tokens: continuation.tokens, stopReason: continuation.stopReason)
        print(String(decoding: try RecordFile.encoder().encode(output), as: UTF8.self))
    }

    private struct Output: Encodable {
        var prompt, text: String
        var tokens: [Int32]
        var stopReason: TextGenerator.StopReason
    }

    private var options: TextGenerator.Options {
        var options = TextGenerator.Options()
        options.maximumTokenCount = maxTokens
        (options.sampling.temperature, options.sampling.topP, options.sampling.seed) = (temperature, topP, seed)
        return options
    }
}
