import Foundation
import PeerProcess

/// Published vocabularies as `tokenizer.json`, written by Hugging Face's converters, once for all tests.
enum PublishedVocabularies {
    private static let folder = Result { () throws -> URL in
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("winnow-vocabularies-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try PeerProcess.run(
            PeerProcess.oracle("vocabularies.py"),
            [setting("WINNOW_DEFAULT_MODEL"), setting("WINNOW_TEST_VOCABULARIES"), folder.path])
        return folder
    }

    /// `smollm2`, `gpt2`, `llama2`, …: see Oracles/vocabularies.py.
    static func tokenizerJSON(_ name: String) throws -> URL {
        try folder.get().appendingPathComponent(name + ".json")
    }

    /// The vocabulary of `llama2` as llama.cpp writes it.
    static func llama2GGUF() throws -> URL {
        try folder.get().appendingPathComponent("llama2.gguf")
    }

    /// SmolLM2's GGUF file.
    static func defaultModel() throws -> URL {
        URL(fileURLWithPath: try setting("WINNOW_DEFAULT_MODEL"))
    }

    private struct MissingSetting: Error, CustomStringConvertible {
        let name: String
        var description: String { "\(name) is not set: run the tests with `make test`, which fetches what it names" }
    }

    private static func setting(_ name: String) throws -> String {
        guard let value = ProcessInfo.processInfo.environment[name], !value.isEmpty else {
            throw MissingSetting(name: name)
        }
        return value
    }
}
