import Analysis
import Checkpoints
import Corpora
import Experiments
import Foundation
import RunRecords
import Tokenizers

/// The readers of files that may come from a stranger. The raw value names the corpus folder, too.
package enum Reader: String, CaseIterable, Sendable {
    case safetensors, index, gguf, tokenizer, config, adapter, shard, losses, study, manifest, metrics, gzip, zstandard, jsonl,
        html, store, storelog, selections, truth, texts, recipe, claims, report

    /// Reads `input` as a user's command would, down to the values.
    package func read(_ input: UnsafeBufferPointer<UInt8>, in folder: ScratchFolder) throws {
        switch self {
        case .safetensors: try readAll(SafetensorsFile(folder.file("model.safetensors", input)))
        case .index:
            try folder.files(["model.safetensors.index.json", "a.safetensors", "b.safetensors"], dividing: input)
            try readAll(ShardedSafetensors(index: folder.url.appendingPathComponent("model.safetensors.index.json")))
        case .gguf:
            let file = try GGUFFile(folder.file("model.gguf", input))
            try? readAll(file)
            _ = try? file.configuration()
            try use(Tokenizer(vocabulary: file.vocabulary()))
        case .tokenizer:
            try folder.files(["tokenizer.json", "tokenizer_config.json"], dividing: input)
            try use(Tokenizer(tokenizerJSON: folder.url.appendingPathComponent("tokenizer.json")))
        case .config: _ = try ModelConfiguration(contentsOf: folder.file("config.json", input))
        case .adapter:
            try folder.files(["adapter_config.json", "adapter_model.safetensors"], dividing: input)
            _ = try AdapterFolder(at: folder.url)
        case .shard:
            try folder.files(["manifest.json", "train.documents.jsonl", "train.tokens"], dividing: input)
            if let shard = try? TokenShard(folder.url.appendingPathComponent("train.tokens")) {
                for document in 0..<shard.documentCount { _ = shard.tokens(in: shard.tokenRange(ofDocument: document)) }
            }
            let corpus = try PreparedCorpus(folder.url)
            _ = try corpus.documentNames(of: corpus.manifest.train)
        case .losses: _ = TokenLossAudit(try TokenLossFile.read(folder.file("token-losses.safetensors", input)))
        case .study:
            _ = try folder.file("study.json", input)
            _ = try StudyRecord.read(from: folder.url)
        case .manifest: _ = try RunManifest.read(from: folder.file("manifest.json", input))
        case .metrics: _ = try MetricsLog.read(folder.file("metrics.jsonl", input))
        case .gzip: try readDocuments(folder.file("text.jsonl.gz", input))
        case .zstandard: try readDocuments(folder.file("text.jsonl.zst", input))
        case .jsonl: try readDocuments(folder.file("text.jsonl", input))
        case .html: try readDocuments(folder.file("page.html", input))
        case .store:
            let store = try ReferenceLossFile(folder.file("store.safetensors", input))
            for block in store.blocks { _ = try store.losses(ofBlock: Int(block)) }
        case .storelog: try SealedLogs.readStoreLog(input, in: folder)
        case .selections:
            _ = try? SelectionLog.read(folder.file("selections.bin", input))
            try SealedLogs.readSelections(input, in: folder)
        case .truth: _ = try GroundTruthRecord.read(from: folder.file("ground-truth.json", input))
        case .texts: _ = try TokenTexts.read(from: folder.file("viewer-noisy.json", input))
        case .recipe:
            let text = String(decoding: input, as: UTF8.self)
            if let recipe = try? Recipe(yaml: text) { _ = try Recipe(yaml: recipe.yaml) }
            _ = try Study(yaml: text)
        case .claims: _ = try ClaimList(yaml: String(decoding: input, as: UTF8.self), source: "claims.yaml")
        case .report: try ReportInput.read(input, in: folder)
        }
    }

    private func readAll(_ source: some TensorSource) throws {
        for tensor in source.tensors { _ = try source.floats(tensor.name) }
    }

    private func use(_ tokenizer: Tokenizer) {
        let ids = tokenizer.encode("Ein Wort, 12 words\n\n  été 東京 <s> \u{1F600}", addSpecialTokens: true)
        _ = tokenizer.decode(ids)
        _ = tokenizer.decode([0, 1, 2, -1, .max, Int32(clamping: tokenizer.vocabularySize)])
    }

    private func readDocuments(_ file: URL) throws {
        var reader = DocumentReader(try SourceFiles(inputs: [file.path]).files)
        while let document = try reader.next() { _ = try? document.text(field: "text") }
    }
}
