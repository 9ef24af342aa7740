import Checkpoints
import Foundation
import Testing

struct AtomicFileTests {
    let folder = try! TemporaryFolder()

    @Test func appearsOnlyWhenCommitted() throws {
        let pieces = (0..<3000).map { Data("line \($0)\n".utf8) }
        let large = Data((0..<3_000_000).map { UInt8(truncatingIfNeeded: $0) })
        let file = try AtomicFile(at: folder("out"))
        for piece in pieces { try file.append(piece) }
        try file.append(large)
        #expect(!FileManager.default.fileExists(atPath: folder("out").path))
        try file.commit()
        #expect(try folder.names() == ["out"])
        #expect(try Data(contentsOf: folder("out")) == pieces.reduce(Data(), +) + large)
    }

    @Test func leavesNothingUncommitted() throws {
        try folder.write("old", as: "out")
        do {
            let file = try AtomicFile(at: folder("out"))
            try file.append(Data("new".utf8))
            #expect(try folder.names().count == 2)
        }
        #expect(try folder.names() == ["out"])
        #expect(try String(contentsOf: folder("out"), encoding: .utf8) == "old")
    }

    @Test func replacesAnOldFile() throws {
        try folder.write("old", as: "out")
        try AtomicFile.write(Data("new".utf8), to: folder("out"))
        #expect(try String(contentsOf: folder("out"), encoding: .utf8) == "new")
    }

    @Test func saysWhichFileAndWhy() throws {
        let missing = folder("no/such/folder")
        #expect(
            try failure { try AtomicFile.write(Data(), to: missing) }
                == "\(missing.path): cannot create: No such file or directory (errno 2)")
        try FileManager.default.createDirectory(at: folder("taken/inner"), withIntermediateDirectories: true)
        #expect(
            try failure { try AtomicFile.write(Data(), to: folder("taken")) }?
                .hasPrefix("\(folder.path)/taken: cannot move into place: ") == true)
        #expect(try folder.names() == ["taken"])
    }
}
