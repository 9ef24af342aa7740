import Corpora
import Foundation
import Testing

/// Where a prepared corpus may lead.
@Suite struct ContainmentTests {
    private let folder = try! TemporaryFolder()

    /// A prepared corpus, and beside it what a manifest might name.
    private func corpus(_ change: (inout CorpusManifest) -> Void) async throws -> URL {
        let prepared = try await Prepared([folder.write("a page", to: "a.txt"), folder.write("another", to: "b.txt")], in: folder)
        let output = prepared.corpus.url
        for split in ["train.tokens", "train.documents.jsonl"] {
            try FileManager.default.copyItem(at: output.appendingPathComponent(split), to: folder.url.appendingPathComponent(split))
        }
        var manifest = prepared.manifest
        change(&manifest)
        try JSONEncoder().encode(manifest).write(to: output.appendingPathComponent(CorpusManifest.fileName))
        return output
    }

    /// The very files of the corpus, so that nothing but their place is wrong.
    @Test(arguments: ["../train.tokens", "/dev/zero", "sub/../../train.tokens", "..", "", "train.tokens\0x", "../\u{301}x"])
    func aManifestNamesNoShardOfAnotherFolder(name: String) async throws {
        let output = try await corpus { $0.train.tokenFile = name }
        #expect(throws: CorpusError.damagedManifest(path: output.path, reason: "'\(name)' is not a file of the folder")) {
            try PreparedCorpus(output)
        }
    }

    @Test(arguments: ["../train.documents.jsonl", "/etc/passwd", "..", ""])
    func aManifestNamesNoNamesOfAnotherFolder(name: String) async throws {
        let output = try await corpus { $0.train.documentFile = name }
        #expect(throws: CorpusError.damagedManifest(path: output.path, reason: "'\(name)' is not a file of the folder")) {
            try PreparedCorpus(output)
        }
    }

    @Test func theFilesOfTheFolderAreRead() async throws {
        let output = try await corpus { _ in }
        #expect(try PreparedCorpus(output).train.documentCount == 2)
    }
}
