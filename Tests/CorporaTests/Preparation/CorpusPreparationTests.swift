import Corpora
import Foundation
import Testing

@Suite struct CorpusPreparationTests {
    let folder = try! TemporaryFolder()

    /// A folder of `count` different documents, named so that their order is their number's.
    func pages(_ count: Int, in name: String = "pages") throws -> URL {
        for index in 0..<count {
            try folder.write("page \(index), as different from others as its number", to: "\(name)/\(1000 + index).txt")
        }
        return folder.url.appendingPathComponent(name)
    }

    @Test func plainTextIsKeptButForLineEndsAndMark() async throws {
        let text = "\u{FEFF}a  b\r\nc\rd\n\n  é\u{A0}数\t\r\n"
        let prepared = try await Prepared([folder.write(text, to: "a.md")], in: folder)
        #expect(prepared.train == ["a  b\nc\nd\n\n  é\u{A0}数\t\n"])
        #expect(prepared.manifest.train.textBytes == prepared.train[0].utf8.count)
        #expect(prepared.manifest.train.tokens == prepared.train[0].utf8.count)
    }

    @Test func invalidUTF8IsRepairedAndCounted() async throws {
        let bad = try folder.write(Data([0x61, 0xFF, 0xC3, 0x28]), to: "bad.txt")
        let prepared = try await Prepared([bad, folder.write("fine", to: "good.txt")], in: folder)
        #expect(prepared.train == ["a\u{FFFD}\u{FFFD}(", "fine"])
        #expect(prepared.manifest.repairedDocuments == 1)
    }

    @Test func duplicatesAreLeftOutWhateverTheirWhiteSpace() async throws {
        let files = try ["one two", "other", "  one\r\n two\n", "one  two", "onetwo"].enumerated().map {
            try folder.write($1, to: "\($0).txt")
        }
        let prepared = try await Prepared(files, in: folder)
        #expect(prepared.train == ["one two", "other", "onetwo"])
        #expect(prepared.trainNames == ["0.txt", "1.txt", "4.txt"])
        #expect(prepared.manifest.leftOut.duplicates == 2)
    }

    /// Fingerprints and shards are made a piece at a time; where a piece ends means nothing.
    @Test func aDocumentOfManyPiecesIsOne() async throws {
        let words = (0..<100_000).map { "w\($0)" }
        let text = words.joined(separator: " ")
        var bytes = Array(text.utf8)
        bytes[(1 << 16) + 3] ^= 1
        let changed = String(decoding: bytes, as: UTF8.self)
        let files = try [text, words.joined(separator: "\n \n"), text + "!", changed].enumerated().map {
            try folder.write($1, to: "\($0).txt")
        }
        let prepared = try await Prepared(files, in: folder)
        #expect(prepared.train == [text, text + "!", changed])
        #expect(prepared.manifest.leftOut.duplicates == 1)
    }

    @Test func lengthsAreInCharacters() async throws {
        let files = try ["", " \n", "数学", "数学数", "数学数学", "数学数学数"].enumerated().map { try folder.write($1, to: "\($0).txt") }
        let prepared = try await Prepared(files, in: folder) { ($0.minimumCharacters, $0.maximumCharacters) = (3, 4) }
        #expect(prepared.train == ["数学数", "数学数学"])
        let leftOut = prepared.manifest.leftOut
        #expect((leftOut.empty, leftOut.tooShort, leftOut.tooLong) == (2, 1, 1))
    }

    @Test func everyNthDocumentIsHeldOut() async throws {
        let prepared = try await Prepared([pages(25)], in: folder) { $0.split = .every(10) }
        let all = (0..<25).map { "page \($0), as different from others as its number" }
        #expect(prepared.validation == [all[9], all[19]])
        #expect(prepared.train == all.enumerated().filter { $0.offset != 9 && $0.offset != 19 }.map(\.element))
        #expect(
            try prepared.corpus.documentNames(of: #require(prepared.manifest.validation)) == ["pages/1009.txt", "pages/1019.txt"])
    }

    /// A document that is held out stays held out when others join, wherever they stand.
    @Test func aFractionIsStableWhenDocumentsJoin() async throws {
        let few = try await Prepared([pages(200)], in: folder) { $0.split = .fraction(0.2) }
        for index in 0..<50 { try folder.write("a newcomer, number \(index)", to: "pages/0\(index).txt") }
        let more = try await Prepared([pages(200)], in: folder) { $0.split = .fraction(0.2) }
        #expect((20...60).contains(few.validation.count))
        #expect(more.validation.count + more.train.count == 250)
        #expect(Set(few.validation).isSubset(of: more.validation))
        #expect(Set(few.train).isSubset(of: more.train))
        #expect(few.train.count + few.validation.count == 200)
    }

    @Test func theResultIsTheSameEveryTime() async throws {
        let pages = try pages(300)
        let first = try await Prepared([pages], in: folder) { $0.split = .fraction(0.1) }
        let second = try await Prepared([pages], in: folder) { $0.split = .fraction(0.1) }
        #expect(first.manifest == second.manifest)
        for file in try FileManager.default.contentsOfDirectory(atPath: first.corpus.url.path) {
            let bytes = try [first, second].map { try Data(contentsOf: $0.corpus.url.appendingPathComponent(file)) }
            #expect(bytes[0] == bytes[1], "\(file)")
        }
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: first.corpus.url.path).sorted() == [
                "manifest.json", "train.documents.jsonl", "train.tokens", "validation.documents.jsonl", "validation.tokens",
            ])
    }

    @Test func binaryFilesAreRefusedIfNamedAndCountedIfFound() async throws {
        let binary = try folder.write(Data([0x61, 0, 0x62]), to: "in/binary.txt")
        try folder.write("text", to: "in/text.txt")
        try folder.write("png", to: "in/a.png")
        #expect(await failure([binary], in: folder) == .binaryText(path: binary.path))
        let prepared = try await Prepared([binary.deletingLastPathComponent()], in: folder)
        #expect(prepared.train == ["text"])
        #expect(prepared.manifest.leftOut.binaryFiles == 1)
        #expect(prepared.manifest.leftOut.otherFiles == ["png": 1])
    }

    @Test func anEmptyCorpusIsAnError() async throws {
        let empty = try folder.write("\n", to: "empty.txt")
        guard case .emptyCorpus = await failure([empty], in: folder) else {
            Issue.record("an empty corpus was prepared")
            return
        }
        let one = try folder.write("a document", to: "one.txt")
        guard case .emptyCorpus(let reason) = await failure([one], in: folder, { $0.split = .fraction(0.999_999) }) else {
            Issue.record("a corpus without training text was prepared")
            return
        }
        #expect(reason.hasPrefix("all 1 documents fell to validation"))
    }

    @Test func withoutValidationItsAbsenceIsNamed() async throws {
        let prepared = try await Prepared([pages(3)], in: folder)
        #expect(prepared.corpus.validation == nil)
        #expect(
            try FileManager.default.contentsOfDirectory(atPath: prepared.corpus.url.path).sorted() == [
                "manifest.json", "train.documents.jsonl", "train.tokens",
            ])
        #expect(throws: CorpusError.noValidationSplit(path: prepared.corpus.url.path)) { try prepared.corpus.requireValidation() }
    }

    @Test func senselessOptionsAreRefused() async throws {
        let one = try folder.write("a document", to: "one.txt")
        for change: (inout CorpusOptions) -> Void in [
            { $0.split = .every(1) }, { $0.split = .every(0) }, { $0.split = .fraction(1) }, { $0.split = .fraction(-0.1) },
            { $0.split = .fraction(.nan) }, { $0.minimumCharacters = -1 },
            { ($0.minimumCharacters, $0.maximumCharacters) = (5, 4) },
        ] {
            guard case .badOption = await failure([one], in: folder, change) else {
                Issue.record("a senseless option was taken")
                continue
            }
        }
    }

    @Test func outputIsReplacedOnlyIfAsked() async throws {
        let output = folder.url.appendingPathComponent("made/for/this")
        func prepare(_ text: String, overwrite: Bool) async throws {
            let input = try folder.write(text, to: "in.txt")
            var options = CorpusOptions()
            options.split = .fraction(0)
            _ = try await CorpusPreparation(inputs: [input.path], options: options, encoder: ByteEncoder())
                .run(to: output, overwrite: overwrite)
        }
        try await prepare("first", overwrite: false)
        await #expect(throws: CorpusError.outputExists(path: output.path)) { try await prepare("second", overwrite: false) }
        #expect(try PreparedCorpus(output).train.texts == ["first"])
        await #expect(throws: CorpusError.self) { try await prepare("\n", overwrite: true) }
        #expect(try PreparedCorpus(output).train.texts == ["first"], "a failure leaves what was there")
        try await prepare("second", overwrite: true)
        #expect(try PreparedCorpus(output).train.texts == ["second"])
        #expect(try FileManager.default.contentsOfDirectory(atPath: output.deletingLastPathComponent().path) == ["this"])

        let precious = try folder.write("not a corpus", to: "precious/thesis.tex").deletingLastPathComponent()
        await #expect(throws: CorpusError.outputIsNoCorpus(path: precious.path)) {
            _ = try await CorpusPreparation(inputs: [folder.url.path + "/in.txt"], encoder: ByteEncoder())
                .run(to: precious, overwrite: true)
        }
    }

    @Test func aCancelledRunLeavesNothing() async throws {
        let pages = try pages(50)
        let output = folder.url.appendingPathComponent("cancelled")
        let before = try folder.contents()
        let task = Task {
            withUnsafeCurrentTask { $0?.cancel() }
            return try await CorpusPreparation(inputs: [pages.path], encoder: ByteEncoder()).run(to: output)
        }
        await #expect(throws: CancellationError.self) { try await task.value }
        #expect(try folder.contents() == before)
    }

    @Test func aShardOfAnotherCorpusIsNoticed() async throws {
        let one = try await Prepared([folder.write("one", to: "1.txt")], in: folder).corpus.url
        let two = try await Prepared([folder.write("two", to: "2.txt")], in: folder).corpus.url
        let shard = one.appendingPathComponent("train.tokens")
        try FileManager.default.removeItem(at: shard)
        try FileManager.default.copyItem(at: two.appendingPathComponent("train.tokens"), to: shard)
        #expect(throws: CorpusError.self) { try PreparedCorpus(one) }
        #expect { try PreparedCorpus(folder.url) } throws: { "\($0)".contains("has no manifest.json") }
    }

    @Test func anotherTokenizerIsNoticed() async throws {
        struct UpperCase: TextEncoder {
            let vocabularySize = 256
            func encode(_ text: String) -> [Int32] { ByteEncoder().encode(text.uppercased()) }
            func decode(_ tokens: [Int32]) -> String { ByteEncoder().decode(tokens) }
        }
        let corpus = try await Prepared([folder.write("one", to: "1.txt")], in: folder).corpus
        try corpus.check(madeWith: ByteEncoder())
        #expect(throws: CorpusError.differentTokenizer(path: corpus.url.path)) { try corpus.check(madeWith: UpperCase()) }
    }
}
