import Corpora
import Foundation
import Testing

/// Several ranks against one process, on the same files.
@Suite struct SharedPreparationTests {
    let folder = try! TemporaryFolder()

    /// Lines and pages: duplicates of each other in every direction, blank, short, damaged.
    private func inputs() throws -> [URL] {
        let lines = (0..<400).map { number in
            switch number % 10 {
            case 3: "{\"text\": \" \"}"
            case 5: "{\"text\": \"line  \(number - 5)  is unlike the others\"}"
            case 7: "{\"text\": \"x\"}"
            default: "{\"text\": \"line \(number) is unlike the others\"}"
            }
        }
        try folder.write("line 12 is unlike the others\n", to: "pages/duplicate.txt")
        try folder.write(Data([0x61, 0xFF, 0x62]), to: "pages/damaged.txt")
        try folder.write("the last page", to: "pages/last.txt")
        return [
            try folder.write(lines.joined(separator: "\n"), to: "lines.jsonl"), folder.url.appendingPathComponent("pages"),
        ]
    }

    private func prepare(
        _ inputs: [URL], _ split: DocumentSplit, on ranks: any PreparationRanks, batchBytes: Int, to name: String
    ) async throws -> CorpusManifest {
        var options = CorpusOptions()
        (options.split, options.minimumCharacters) = (split, 2)
        var preparation = CorpusPreparation(inputs: inputs.map(\.path), options: options, encoder: ByteEncoder(), ranks: ranks)
        preparation.batchBytes = batchBytes
        return try await preparation.run(to: folder.url.appendingPathComponent(name))
    }

    private func contents(_ name: String) throws -> [String: Data] {
        let url = folder.url.appendingPathComponent(name)
        return try Dictionary(
            uniqueKeysWithValues: FileManager.default.contentsOfDirectory(atPath: url.path).map {
                ($0, try Data(contentsOf: url.appendingPathComponent($0)))
            })
    }

    /// Batches of one document, of some, and of all.
    @available(macOS 15, *)
    @Test(arguments: [2, 3, 4], [1, 3000, 1 << 30])
    func ranksMakeTheCorpusOfOneProcess(count: Int, batchBytes: Int) async throws {
        let inputs = try inputs()
        for split in [DocumentSplit.every(7), .fraction(0.2)] {
            let one = try await prepare(inputs, split, on: SingleRank(), batchBytes: 5000, to: "one \(split)")
            let leftOut = one.leftOut
            #expect((leftOut.empty, leftOut.tooShort, leftOut.duplicates) == (40, 40, 41) && one.repairedDocuments == 1)
            let name = "several \(split)"
            let manifests = try await ThreadRanks.run(count) {
                try await prepare(inputs, split, on: $0, batchBytes: batchBytes, to: name)
            }
            #expect(manifests == [CorpusManifest](repeating: one, count: count))
            #expect(try contents(name) == contents("one \(split)"))
            #expect(try contents(name).count == 5)
        }
    }

    @available(macOS 15, *)
    @Test func ranksWithOtherFilesAreRefused() async throws {
        let inputs = try inputs()
        await #expect(throws: ThreadRanks.Disagreement.self) {
            try await ThreadRanks.run(2) {
                let own = $0.rank == 0 ? inputs : [inputs[0]]
                return try await prepare(own, .every(7), on: $0, batchBytes: 1 << 20, to: "refused")
            }
        }
        #expect(try folder.contents() == ["lines.jsonl", "pages"])
    }

    /// One rank is asked to stop: all do, and nothing is left.
    @available(macOS 15, *)
    @Test func ranksStopTogether() async throws {
        let inputs = try inputs()
        let stopped = try await ThreadRanks.run(3) { ranks in
            var preparation = CorpusPreparation(inputs: inputs.map(\.path), encoder: ByteEncoder(), ranks: ranks)
            preparation.batchBytes = 1000
            do {
                _ = try await preparation.run(to: folder.url.appendingPathComponent("stopped")) { _ in
                    if ranks.rank == 1 { withUnsafeCurrentTask { $0?.cancel() } }
                }
                return false
            } catch is CancellationError { return true }
        }
        #expect(stopped == [true, true, true])
        #expect(try folder.contents() == ["lines.jsonl", "pages"])
    }
}
