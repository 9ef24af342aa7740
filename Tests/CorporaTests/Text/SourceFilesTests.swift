import Corpora
import Foundation
import Testing

@Suite struct SourceFilesTests {
    let folder = try! TemporaryFolder()

    init() throws {
        for path in [
            "b.txt", "a.txt", "B.TXT", "sub/x.md", "sub/deep/y.html", "sub/z.htm.zst", "z.jsonl.gz", ".hidden.txt", ".git/c.txt",
        ] {
            try folder.write("text", to: "in/" + path)
        }
        try folder.write("no text", to: "in/image.png")
        try folder.write("no text", to: "in/sub/other.png")
        try folder.write("no text", to: "in/Makefile")
    }

    var path: String { folder.url.appendingPathComponent("in").path }

    @Test func aFolderGivesItsReadableFilesInOrder() throws {
        let sources = try SourceFiles(inputs: [path])
        #expect(
            sources.files.map(\.name) == [
                "in/B.TXT", "in/a.txt", "in/b.txt", "in/sub/deep/y.html", "in/sub/x.md", "in/sub/z.htm.zst", "in/z.jsonl.gz",
            ])
        #expect(sources.files.map(\.format) == [.plain, .plain, .plain, .html, .plain, .html, .jsonLines])
        #expect(sources.files.map(\.compression) == [.none, .none, .none, .none, .none, .zstandard, .gzip])
        #expect(sources.passedOver == ["png": 2, "": 1])
    }

    @Test func globsAndOptionsChoose() throws {
        func names(_ inputs: [String], include: [String] = [], exclude: [String] = []) throws -> [String] {
            try SourceFiles(inputs: inputs.map { path + $0 }, include: include, exclude: exclude).files.map(\.name)
        }
        #expect(try names(["/*.txt"]) == ["in/a.txt", "in/b.txt"])
        #expect(try names(["/**/*.md"]) == ["in/sub/x.md"])
        #expect(try names(["/s*/*.[hm]*"]) == ["sub/x.md", "sub/z.htm.zst"].map { "in/" + $0 })
        #expect(try names([""], include: ["sub"], exclude: ["deep/", "*.zst"]) == ["in/sub/deep/y.html", "in/sub/x.md"])
        #expect(try names([""], include: ["*.html", "*.md"], exclude: ["sub/deep/*"]) == ["in/sub/x.md"])
    }

    @Test func aFileNamedTwiceIsReadOnce() throws {
        let sources = try SourceFiles(inputs: [path + "/b.txt", path, path + "/*.txt"])
        #expect(sources.files.map(\.name).prefix(2) == ["b.txt", "in/B.TXT"])
        #expect(sources.files.count == 7)
    }

    @Test func linksToFoldersAreNotFollowed() throws {
        let link = folder.url.appendingPathComponent("in/loop")
        try FileManager.default.createSymbolicLink(at: link, withDestinationURL: folder.url.appendingPathComponent("in"))
        #expect(try SourceFiles(inputs: [path]).files.count == 7)
    }

    @Test func whatCannotBeReadIsNamed() throws {
        #expect(throws: CorpusError.notFound(path: path + "/none")) { try SourceFiles(inputs: [path + "/none"]) }
        #expect(throws: CorpusError.unknownExtension(path: path + "/image.png")) {
            try SourceFiles(inputs: [path + "/image.png"])
        }
        #expect(throws: CorpusError.nothingMatches(pattern: path + "/*.pdf")) { try SourceFiles(inputs: [path + "/*.pdf"]) }
        #expect(throws: CorpusError.nothingMatches(pattern: path + "/no/*.txt")) { try SourceFiles(inputs: [path + "/no/*.txt"]) }
        #expect(throws: CorpusError.nothingMatches(pattern: path)) { try SourceFiles(inputs: [path], include: ["*.none"]) }
    }
}
