import Checkpoints
import Foundation
import Testing

struct MappedFileTests {
    let folder = try! TemporaryFolder()

    @Test func mapsTheBytes() throws {
        let file = try MappedFile(folder.write([1, 2, 3, 4], as: "bytes"))
        #expect(file.count == 4)
        #expect(file.withBytes { [UInt8]($0) } == [1, 2, 3, 4])
        #expect(file.withBytes(in: 1..<3) { [UInt8]($0) } == [2, 3])
    }

    @Test func holdsACopyInTheSameWay() {
        let file = [1, 2, 3, 4].withUnsafeBytes { MappedFile(copying: $0, path: "/in/memory") }
        #expect(file.count == 4 * MemoryLayout<Int>.size && file.path == "/in/memory")
        file.release(0..<file.count)
        #expect(file.withBytes { $0.load(fromByteOffset: 8, as: Int.self) } == 2)
        #expect(MappedFile(copying: UnsafeRawBufferPointer(start: nil, count: 0), path: "").withBytes { $0.count } == 0)
    }

    @Test func mapsAnEmptyFile() throws {
        #expect(try MappedFile(folder.write([], as: "empty")).withBytes { $0.count } == 0)
    }

    /// A stranger's folder may hold either in the place of weights.
    @Test(.timeLimit(.minutes(1))) func refusesPipesAndDevices() throws {
        #expect(mkfifo(folder("pipe").path, 0o600) == 0)
        #expect(try failure { _ = try MappedFile(folder("pipe")) } == "\(folder.path)/pipe: is not a regular file")
        try FileManager.default.createSymbolicLink(atPath: folder("zero").path, withDestinationPath: "/dev/zero")
        #expect(try failure { _ = try MappedFile(folder("zero")) } == "\(folder.path)/zero: is not a regular file")
    }

    @Test func keepsAnOldMappingWholeWhenTheFileIsReplaced() throws {
        let file = try MappedFile(folder.write([1, 2], as: "bytes"))
        try AtomicFile.write(Data([3]), to: folder("bytes"))
        #expect(file.withBytes { [UInt8]($0) } == [1, 2])
    }

    @Test func saysWhichFileAndWhy() throws {
        #expect(
            try failure { _ = try MappedFile(folder("none")) }
                == "\(folder.path)/none: cannot open: No such file or directory (errno 2)")
        #expect(try failure { _ = try MappedFile(folder.url) } == "\(folder.path): is not a regular file")
    }
}
