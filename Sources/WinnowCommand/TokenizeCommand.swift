import ArgumentParser
import Foundation
import Winnow

/// `winnow tokenize`: what a model's tokenizer makes of files.
struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Turn text files into token ids.",
        discussion: """
            Prints how many tokens each file has and how fast they were made; with --json the ids. \
            Bytes that are no UTF-8 count as U+FFFD.
            """)

    @Option(help: "A model folder, a tokenizer.json, a GGUF file, or `default`.")
    var model = "default"

    @Flag(help: "Add the special tokens that the model expects around a text.")
    var specialTokens = false

    @Flag(help: #"Print {"ids": […]}, one line a file."#)
    var json = false

    @Argument(help: "The text files.")
    var files: [String]

    func run() throws {
        let url = model == "default" ? try DefaultInput().modelURL() : URL(fileURLWithPath: model)
        let tokenizer = try Tokenizer(at: url)
        for file in files {
            let text = try contents(of: file)
            let start = ContinuousClock.now
            let ids = tokenizer.encode(utf8: text, addSpecialTokens: specialTokens)
            let duration = ContinuousClock.now - start
            print(json ? line(of: ids) : summary(file, bytes: text.count, tokens: ids.count, duration))
        }
    }

    private func contents(of file: String) throws -> Data {
        do {
            return try Data(contentsOf: URL(fileURLWithPath: file))
        } catch {
            throw UnreadableText(file: file, reason: error.localizedDescription)
        }
    }

    private struct UnreadableText: Error, CustomStringConvertible {
        let file: String
        let reason: String
        var description: String { "\(file): cannot be read (\(reason)); name text files that exist" }
    }

    private func line(of ids: [Int32]) -> String {
        "{\"ids\":[" + ids.lazy.map(String.init).joined(separator: ",") + "]}"
    }

    private func summary(_ file: String, bytes: Int, tokens: Int, _ duration: Duration) -> String {
        let seconds = duration / .seconds(1)
        let bytesPerToken = tokens > 0 ? Double(bytes) / Double(tokens) : 0
        return String(
            format: "%@: %d tokens, %d bytes, %.3f bytes a token, %.6f s, %.1f MB/s", file, tokens, bytes, bytesPerToken, seconds,
            seconds > 0 ? Double(bytes) / seconds / 1e6 : 0)
    }
}
