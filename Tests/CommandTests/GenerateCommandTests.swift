import Foundation
import ModelFixtures
import Testing

@Suite struct GenerateCommandTests {
    private struct Text: Decodable {
        var prompt, text, stopReason: String
        var tokens: [Int32]
    }

    @Test func theModelIsSane() throws {
        let text: Text = try WinnowProcess(
            "generate", "--prompt", "The capital of France is", "--temperature", "0", "--max-tokens", "8", "--json"
        ).decoded()
        #expect(text.prompt == "The capital of France is")
        #expect(text.text.hasPrefix(" Paris"), "\(text.text)")
        #expect(text.tokens.count == 8 && text.stopReason == "tokenCount")
    }

    @Test func textIsStreamedAndASeedRepeatsIt() throws {
        func generate(_ seed: String, _ more: String...) throws -> WinnowProcess {
            try WinnowProcess(["generate", "--prompt", "Rivers flow", "--max-tokens", "12", "--seed", seed] + more)
        }
        let first = try generate("3")
        #expect(first.exitCode == 0, "\(first.errors)")
        #expect(first.output.hasPrefix("Rivers flow") && first.output.hasSuffix("\n"))
        let again: Text = try generate("3", "--json").decoded()
        #expect(first.output == again.prompt + again.text + "\n")
        #expect(try generate("4").output != first.output)
    }

    @Test func badInputIsNamed() throws {
        for (arguments, code, message) in [
            (["--prompt", ""], 1, "there is no token to go on from"), ([], 64, "--prompt"),
            (["--prompt", "a", "--top-p", "1.5"], 64, "a top-p of 1.5"),
            (["--prompt", "a", "--temperature", "nan"], 64, "a temperature of nan"),
            (["--prompt", "a", "--max-tokens", "0"], 64, "--max-tokens"),
            (["--prompt", String(repeating: "word ", count: 9000)], 1, "is longer than the model's"),
        ] {
            let process = try WinnowProcess(["generate"] + arguments)
            #expect(process.exitCode == code, "\(process.errors)")
            #expect(process.errors.contains(message), "\(process.errors)")
        }
    }
}
