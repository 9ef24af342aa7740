import Corpora
import Foundation

/// A corpus prepared by ``ByteEncoder``, read back: the documents are text again.
struct Prepared {
    let corpus: PreparedCorpus
    let train: [String]
    let validation: [String]
    let trainNames: [String]

    var manifest: CorpusManifest { corpus.manifest }

    /// Prepares `inputs` into a folder of its own.
    init(_ inputs: [URL], in folder: TemporaryFolder, _ change: (inout CorpusOptions) -> Void = { _ in }) async throws {
        var options = CorpusOptions()
        options.split = .fraction(0)
        change(&options)
        let output = folder.url.appendingPathComponent("output-\(UUID().uuidString)")
        let preparation = CorpusPreparation(inputs: inputs.map(\.path), options: options, encoder: ByteEncoder())
        let manifest = try await preparation.run(to: output)
        corpus = try PreparedCorpus(output)
        precondition(corpus.manifest == manifest)
        train = corpus.train.texts
        validation = corpus.validation?.texts ?? []
        trainNames = try corpus.documentNames(of: manifest.train)
    }
}

extension TokenShards {
    /// The documents of a split of ``ByteEncoder``.
    var texts: [String] {
        (0..<documentCount).map { ByteEncoder().decode(tokens(in: tokenRange(ofDocument: $0))) }
    }
}

/// The error that preparing `inputs` ends with, and that it leaves nothing behind.
func failure(_ inputs: [URL], in folder: TemporaryFolder, _ change: (inout CorpusOptions) -> Void = { _ in }) async
    -> CorpusError?
{
    let before = try? folder.contents()
    do {
        _ = try await Prepared(inputs, in: folder, change)
        return nil
    } catch {
        guard before == (try? folder.contents()) else { return nil }
        return error as? CorpusError
    }
}
