import ArgumentParser
import Foundation
import Winnow

/// `winnow tokenize`: what a model's tokenizer makes of files.
struct TokenizeCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokenize",
        abstract: "Turn text files into token ids.",
        discussion: """
            Prints how many tokens each file has and how fast they were made, and the same of several files together; with --json \
            the ids. Bytes that are no UTF-8 count as U+FFFD.
            """)

    @Option(help: "A model folder, a tokenizer.json, a GGUF file, or `default`.")
    var model = "default"

    @Flag(help: "Add the special tokens that the model expects around a text.")
    var specialTokens = false

    @Option(help: "Threads that share the files; a file is encoded by one.")
    var threads = 1

    @Flag(help: #"Print {"ids": […]}, one line a file."#)
    var json = false

    @Argument(help: "The text files.")
    var files: [String]

    func validate() throws {
        guard threads >= 1 else { throw ValidationError("--threads is 1 or more, not \(threads)") }
    }

    func run() throws {
        let url = model == "default" ? try DefaultInput().modelURL() : URL(fileURLWithPath: model)
        let tokenizer = try Tokenizer(at: url)
        let encodings = ConcurrentEncodings(of: try files.map(contents))
        let start = ContinuousClock.now
        encodings.run(threads: threads) { [specialTokens] in tokenizer.encode(utf8: $0, addSpecialTokens: specialTokens) }
        let duration = ContinuousClock.now - start
        var (bytes, tokens) = (0, 0)
        for (file, encoding) in zip(files, encodings.finished) {
            (bytes, tokens) = (bytes + encoding.bytes, tokens + encoding.ids.count)
            print(
                json
                    ? line(of: encoding.ids)
                    : summary(file, bytes: encoding.bytes, tokens: encoding.ids.count, encoding.duration))
        }
        if !json && files.count > 1 { print(summary("all \(files.count) files", bytes: bytes, tokens: tokens, duration)) }
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
