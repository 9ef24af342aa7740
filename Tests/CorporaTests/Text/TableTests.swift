import Corpora
import Foundation
import PeerProcess
import Testing

/// Parquet and Arrow files against pyarrow, which wrote them and says what is in them.
@Suite struct TableTests {
    let folder = try! TemporaryFolder()
    let expected: [String: [String?]]

    private struct Tables: Sendable {
        let folder: TemporaryFolder
        let expected: [String: [String?]]
    }

    /// Written once for all tests, which change nothing there.
    private static let tables: Result<Tables, any Error> = Result {
        let folder = try TemporaryFolder()
        atexit { TableTests.removeTables() }
        let oracle = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
            .appendingPathComponent("Oracles/tables.py")
        let rows = try PeerProcess.run(oracle.path, [folder.url.path])
        return Tables(folder: folder, expected: try JSONDecoder().decode([String: [String?]].self, from: Data(rows.utf8)))
    }

    private static func removeTables() {
        if case .success(let tables) = tables { try? FileManager.default.removeItem(at: tables.folder.url) }
    }

    init() throws { expected = try Self.tables.get().expected }

    /// In the test's own folder, where it put something there.
    func path(_ name: String) -> String {
        let own = folder.url.appendingPathComponent(name).path
        guard !FileManager.default.fileExists(atPath: own), let tables = try? Self.tables.get().folder else { return own }
        return tables.url.appendingPathComponent(name).path
    }

    /// A copy of `name` in the test's own folder.
    func copy(_ name: String) throws {
        try FileManager.default.copyItem(atPath: path(name), toPath: folder.url.appendingPathComponent(name).path)
    }

    /// The texts of `inputs`, and how many rows had none.
    func read(_ inputs: [String], column: String = "text", include: [String] = []) throws -> (texts: [String], nulls: Int) {
        var reader = DocumentReader(try SourceFiles(inputs: inputs.map(path), include: include).files, column: column)
        var texts: [String] = []
        while let document = try reader.next() { texts.append(try document.text(field: "ignored").text) }
        return (texts, reader.nullRows)
    }

    @Test func rowsAreThoseThatPyarrowReads() throws {
        #expect(expected.count == 49)
        for (name, rows) in expected {
            let (texts, nulls) = try read([name])
            #expect(texts == rows.compactMap { $0 }, "\(name)")
            #expect(nulls == rows.count { $0 == nil }, "\(name)")
        }
    }

    @Test func aCorpusIsPreparedAndCountsWhatItLeavesOut() async throws {
        let prepared = try await Prepared([URL(fileURLWithPath: path("groups-7.parquet"))], in: folder)
        #expect(prepared.manifest.leftOut.nullRows == 2)
        #expect(prepared.manifest.leftOut.duplicates == 1)
        #expect(prepared.manifest.leftOut.empty == 1)
        #expect(prepared.manifest.leftOut.reasons == "1 duplicates, 1 empty, 2 null rows")
        #expect(prepared.train.first == "naïve Straße")
        #expect(prepared.trainNames.prefix(3) == ["groups-7.parquet:1", "groups-7.parquet:4", "groups-7.parquet:5"])
        let repaired = try await Prepared([URL(fileURLWithPath: path("not-utf8.parquet"))], in: folder)
        #expect(repaired.train == ["good", "bad \u{FFFD}\u{FFFD}"])
        #expect(repaired.manifest.repairedDocuments == 1)
    }

    @Test(arguments: ["columns.parquet", "columns-stream.arrow", "columns-file.arrow"])
    func aColumnIsChosenOrNamed(file: String) throws {
        #expect(try read([file], column: "title").texts == ["t"])
        for (column, problem) in [("text", "is not text"), ("body", "has no column \"body\""), ("count", "is not text")] {
            #expect {
                try read([file], column: column)
            } throws: {
                guard case .unfitColumn(path(file), let reason)? = $0 as? CorpusError else { return false }
                return reason.contains(problem) && reason.contains("title (string)") && reason.contains("count (int64)")
                    && "\($0)".contains("--field")
            }
        }
    }

    @Test func twoColumnsOfOneNameAreRefused() throws {
        #expect { try read(["twice.parquet"]) } throws: { "\($0)".contains("2 columns \"text\"") }
    }

    @Test(arguments: ["bomb.parquet", "bomb.arrow"])
    func aBombIsRefused(file: String) throws {
        #expect { try read([file]) } throws: {
            guard case .expandsTooMuch(path(file), _, 64 << 20)? = $0 as? CorpusError else { return false }
            return true
        }
    }

    /// Also at the ends of batches, where Arrow's own reader takes a stream for complete.
    @Test(arguments: ["groups-64.parquet", "stream-7.arrow", "stream-legacy.arrow", "file-7.arrow"])
    func everyTruncationIsRefused(file: String) throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: path(file)))
        let name = "cut." + file.split(separator: ".")[1]
        let inside = stride(from: 16, to: whole.count, by: max(8, whole.count / 300 / 8 * 8))
        for length in [0, 1, 4, 7, 8, 12] + inside + [whole.count - 8, whole.count - 4, whole.count - 1] {
            try folder.write(whole.prefix(length), to: name)
            #expect("\(length) of \(whole.count) bytes of \(file)") {
                try read([name])
            } throws: {
                if case .damagedTable? = $0 as? CorpusError { true } else { false }
            }
        }
        try folder.write(whole + whole, to: name)
        if file.hasPrefix("stream") { #expect(throws: CorpusError.self) { try read([name]) } }
    }

    /// Refused with a sentence, or read as something else; never a crash.
    @Test(arguments: [
        "groups-64.parquet", "zstd-False.parquet", "pages.parquet", "dictionary.parquet", "stream-7.arrow", "file-7.arrow",
        "stream-string_view.arrow", "file-dictionary<values=string,indices=int16,ordered=0>.arrow", "stream-zstd.arrow",
    ])
    func everyFlippedBitIsRefusedOrHarmless(file: String) throws {
        let whole = try Data(contentsOf: URL(fileURLWithPath: path(file)))
        let name = "flipped." + file.split(separator: ".").last!
        // The ends, where the structure is, and places all over.
        let ends = Array(0..<min(200, whole.count)) + Array(max(0, whole.count - 400)..<whole.count)
        var (refused, read) = (0, 0)
        for offset in ends + stride(from: 200, to: whole.count, by: max(1, whole.count / 400)) {
            var flipped = whole
            flipped[offset] ^= UInt8(1 << (offset % 8))
            try folder.write(flipped, to: name)
            do {
                _ = try self.read([name])
                read += 1
            } catch let error as CorpusError {
                refused += 1
                #expect("\(error)".count < 3000)
            }
        }
        #expect(refused > 20, "\(refused) refused, \(read) read")
    }

    @Test func aSavedDatasetIsItsDataInOrder() throws {
        #expect(try read(["saved"]).texts == ["first", "second", "third", "fourth"])
        try copy("saved")
        try FileManager.default.removeItem(atPath: path("saved/data-00001-of-00003.arrow"))
        #expect { try read(["saved"]) } throws: { "\($0)".contains("data-00001-of-00003.arrow, which is not there") }
    }

    @Test func splitsAreNotMixedUnasked() throws {
        #expect(throws: CorpusError.severalSplits(path: path("both"), splits: ["test", "train"])) { try read(["both"]) }
        #expect(try read(["both/train"]).texts == ["to train on"])
        #expect(try read(["both"], include: ["train"]).texts == ["to train on"])
        #expect(throws: CorpusError.severalSplits(path: path("hub"), splits: ["test", "train"])) { try read(["hub"]) }
        #expect(try read(["hub"], include: ["train-*"]).texts == ["train 0", "train 1", "train 2"])
        #expect(try read(["hub/data/train-*"]).texts == ["train 0", "train 1", "train 2"])
        try copy("hub")
        try FileManager.default.removeItem(atPath: path("hub/data/test-00000-of-00001.parquet"))
        #expect(try read(["hub"]).texts == ["train 0", "train 1", "train 2"], "the dataset's card is no document")
    }

    @Test func withoutTheLibraryTheFixIsNamed() throws {
        let nowhere = folder.url.appendingPathComponent("nowhere.so")
        let notALibrary = try folder.write("text", to: "text.so")
        for (url, reason) in [(nowhere, "it is not at \(nowhere.path)"), (notALibrary, "cannot be opened")] {
            guard case .failure(let error) = ArrowLibrary.version(at: url) else {
                Issue.record("\(url.path) was opened")
                continue
            }
            #expect(error.reason.contains(reason))
            #expect("\(CorpusError.noArrow(path: "a.parquet", reason: error.reason))".contains("Run `make parquet`"))
        }
    }
}
