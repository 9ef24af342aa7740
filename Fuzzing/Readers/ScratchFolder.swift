import Foundation

/// A folder in memory that an input's files are written to, for readers that open them by name.
package final class ScratchFolder: @unchecked Sendable {
    // @unchecked: each thread that reads has one of its own.

    package let url: URL
    /// Open for good: a file made anew an execution would cost more than its reader.
    private var descriptors: [String: Int32] = [:]

    package init() {
        let memory = URL(fileURLWithPath: "/dev/shm")
        let parent = FileManager.default.fileExists(atPath: memory.path) ? memory : FileManager.default.temporaryDirectory
        url = parent.appendingPathComponent("winnow-fuzz-\(getpid())-\(UInt32.random(in: 0 ... .max))")
        try! FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    package func remove() {
        descriptors.values.forEach { close($0) }
        descriptors = [:]
        try? FileManager.default.removeItem(at: url)
    }

    package func file(_ name: String, _ bytes: some Sequence<UInt8>) throws -> URL {
        let file = url.appendingPathComponent(name)
        let bytes = Array(bytes)
        let descriptor = descriptors[name] ?? open(file.path, O_WRONLY | O_CREAT | O_CLOEXEC, 0o600)
        descriptors[name] = descriptor
        precondition(descriptor >= 0, "cannot write \(file.path): \(errno)")
        precondition(pwrite(descriptor, bytes, bytes.count, 0) == bytes.count, "a short write")
        precondition(ftruncate(descriptor, off_t(bytes.count)) == 0, "cannot cut \(file.path): \(errno)")
        return file
    }

    /// To be made anew, since a reader deletes it, or puts another in its place.
    func forget(_ name: String) { if let descriptor = descriptors.removeValue(forKey: name) { close(descriptor) } }

    /// Writes the parts of `input` as `names`.
    package func files(_ names: [String], dividing input: UnsafeBufferPointer<UInt8>) throws {
        for (name, part) in zip(names, Parts.of(input, count: names.count)) { _ = try file(name, part) }
    }
}
