import Checkpoints
import Foundation
import Testing

struct AtomicFolderTests {
    let folder = try! TemporaryFolder()

    private func build(replacing: Bool = false, committing: Bool = true) throws {
        let new = try AtomicFolder(at: folder("model"), replacing: replacing)
        try Data("new".utf8).write(to: new.url.appendingPathComponent("a"))
        #expect(try folder.names().count > 0)
        if committing { try new.commit() }
    }

    private func makeOld() throws {
        try FileManager.default.createDirectory(at: folder("model"), withIntermediateDirectories: true)
        try folder.write("old", as: "model/b")
    }

    @Test func appearsOnlyWhenCommitted() throws {
        try build(committing: false)
        #expect(try folder.names() == [])
        try build()
        #expect(try folder.names() == ["model"])
        #expect(try String(contentsOf: folder("model/a"), encoding: .utf8) == "new")
    }

    @Test func takesAnEmptyFoldersPlace() throws {
        try FileManager.default.createDirectory(at: folder("model"), withIntermediateDirectories: true)
        try build()
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder("model").path) == ["a"])
    }

    @Test func replacesOnlyWhenAsked() throws {
        try makeOld()
        #expect(
            try failure { try build() }
                == "\(folder.path)/model: exists already; choose another place, or ask for it to be replaced")
        try build(replacing: true, committing: false)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder("model").path) == ["b"])
        try build(replacing: true)
        #expect(try FileManager.default.contentsOfDirectory(atPath: folder("model").path) == ["a"])
        #expect(try folder.names() == ["model"])
    }

    @Test func neverReplacesAFile() throws {
        try folder.write("old", as: "model")
        #expect(try failure { try build(replacing: true) }?.contains("exists already") == true)
    }
}
