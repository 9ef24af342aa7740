import Checkpoints
import Foundation
import RunRecords
import Tokenizers

/// Models, adapters, vocabularies, and what else is kept in their formats: read from memory.
extension Reader {
    static let weights = [
        Reader("safetensors", longest: 1024) { input, _ in try readAll(safetensors(input[...])) },
        Reader("gguf", longest: 4096) { input, _ in
            let file = try GGUFFile(MappedFile(input[...]), at: .input)
            try? readAll(file)
            _ = try? file.configuration()
            try use(Tokenizer(vocabulary: file.vocabulary()))
        },
        Reader("tokenizer", longest: 4096) { input, _ in
            let parts = Parts.of(input, count: 2).map { Data($0) }
            try use(
                Tokenizer(tokenizerJSON: parts[0], configurationJSON: parts[1].isEmpty ? nil : parts[1], at: .input))
        },
        Reader("config", longest: 1024) { input, _ in
            _ = try JSONFile.decode(ModelConfiguration.self, from: Data(input), file: "input")
        },
        Reader("adapter", longest: 1024) { input, _ in
            let parts = Parts.of(input, count: 2)
            let configuration = try JSONFile.decode(AdapterConfiguration.self, from: Data(parts[0]), file: "input")
            _ = try AdapterFolder(configuration, weights: safetensors(parts[1]))
        },
        Reader("store", longest: 1024) { input, _ in
            let store = try ReferenceLossFile(safetensors(input[...]))
            for block in store.blocks { _ = try store.losses(ofBlock: Int(block)) }
        },
        Reader("index", longest: 2048) { input, folder in
            try folder.files(["model.safetensors.index.json", "a.safetensors", "b.safetensors"], dividing: input)
            try readAll(ShardedSafetensors(index: folder.url.appendingPathComponent("model.safetensors.index.json")))
        },
    ]

    package static func safetensors(_ bytes: Slice<UnsafeBufferPointer<UInt8>>) throws -> SafetensorsFile {
        try SafetensorsFile(MappedFile(bytes), at: .input)
    }

    private static func readAll(_ source: some TensorSource) throws {
        for tensor in source.tensors { _ = try source.floats(tensor.name) }
    }

    private static func use(_ tokenizer: Tokenizer) {
        let ids = tokenizer.encode("Ein Wort, 12 words\n\n  été 東京 <s> \u{1F600}", addSpecialTokens: true)
        _ = tokenizer.decode(ids)
        _ = tokenizer.decode([0, 1, 2, -1, .max, Int32(clamping: tokenizer.vocabularySize)])
    }
}
