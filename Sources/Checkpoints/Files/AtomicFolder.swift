import Foundation

/// A folder that appears whole or not at all: written beside its destination, then renamed.
///
/// If it is not committed, for whatever reason, nothing of it stays, and what was at the destination is untouched.
public final class AtomicFolder {
    /// Where the folder will be.
    public let destination: URL
    /// Where its files are to be written until `commit`.
    public let url: URL

    private let replacing: Bool
    private var isPending = true

    /// - Parameter replacing: whether a folder that is not empty gives way.
    /// - Throws: `CheckpointError.alreadyExists`, `.system`.
    public init(at destination: URL, replacing: Bool = false) throws {
        (self.destination, self.replacing) = (destination, replacing)
        url = destination.deletingLastPathComponent().appendingPathComponent(hiddenSibling(of: destination), isDirectory: true)
        if try !Self.isFree(destination, replacing: replacing) {
            isPending = false
            throw CheckpointError.alreadyExists(path: destination.path)
        }
        guard mkdir(url.path, 0o777) == 0 else {
            isPending = false
            throw CheckpointError.system(operation: "create", path: destination.path, code: errno)
        }
    }

    deinit {
        if isPending { try? FileManager.default.removeItem(at: url) }
    }

    /// Puts the folder in its place, on the disk when this returns.
    ///
    /// A folder that is replaced is first moved aside; where the new one then cannot be moved in, it is put back.
    /// Should the machine stop between the two, the former folder is still there under a hidden name ending in `.partial`.
    public func commit() throws {
        precondition(isPending, "\(destination.path) is committed already")
        for case let item as URL in FileManager.default.enumerator(at: url, includingPropertiesForKeys: nil) ?? .init() {
            try synchronize(item)
        }
        try synchronize(url)

        let former = destination.deletingLastPathComponent().appendingPathComponent(hiddenSibling(of: destination))
        let displaces = replacing && FileManager.default.fileExists(atPath: destination.path)
        if displaces { try Self.move(destination, to: former) }
        do {
            try Self.move(url, to: destination)
        } catch {
            if displaces { try? Self.move(former, to: destination) }
            throw error
        }
        isPending = false
        try synchronize(destination.deletingLastPathComponent())
        if displaces { try FileManager.default.removeItem(at: former) }
    }

    /// Whether a folder may be put at `destination`: nothing is there, or an empty folder, or one that may be replaced.
    private static func isFree(_ destination: URL, replacing: Bool) throws -> Bool {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: destination.path, isDirectory: &isFolder) else { return true }
        guard isFolder.boolValue else { return false }
        return try replacing || FileManager.default.contentsOfDirectory(atPath: destination.path).isEmpty
    }

    private static func move(_ source: URL, to target: URL) throws {
        guard rename(source.path, target.path) == 0 else {
            throw CheckpointError.system(operation: "move into place", path: target.path, code: errno)
        }
    }
}
