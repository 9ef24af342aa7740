import Foundation

/// A folder in memory that an input's files are written to: Winnow's readers map files.
package struct ScratchFolder: Sendable {
    package let url: URL

    package init() {
        let memory = URL(fileURLWithPath: "/dev/shm")
        let parent = FileManager.default.fileExists(atPath: memory.path) ? memory : FileManager.default.temporaryDirectory
        url = parent.appendingPathComponent("winnow-fuzz-\(getpid())-\(UInt32.random(in: 0 ... .max))")
        try! FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    package func remove() { try? FileManager.default.removeItem(at: url) }

    func file(_ name: String, _ bytes: some Sequence<UInt8>) throws -> URL {
        let file = url.appendingPathComponent(name)
        let bytes = Array(bytes)
        // Truncated in place: a rename an execution would cost more than the reader.
        let descriptor = open(file.path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0o600)
        precondition(descriptor >= 0, "cannot write \(file.path): \(errno)")
        defer { close(descriptor) }
        precondition(write(descriptor, bytes, bytes.count) == bytes.count, "a short write")
        return file
    }

    /// Writes the parts of `input`, which `separator` lines divide, as `names`; a missing part is an empty file.
    func files(_ names: [String], dividing input: UnsafeBufferPointer<UInt8>) throws {
        var rest = input[...]
        for (index, name) in names.enumerated() {
            let cut = index == names.count - 1 ? nil : rest.firstRange(of: Self.separator)
            _ = try file(name, rest[..<(cut?.lowerBound ?? rest.endIndex)])
            rest = rest[(cut?.upperBound ?? rest.endIndex)...]
        }
    }

    static let separator = Array("\n====\n".utf8)
}
