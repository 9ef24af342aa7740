import Foundation

/// Keeps a second process out of a directory that a run or a study works in.
///
/// It is an advisory lock (`flock`) on the file `.lock` inside, which holds the owner's process id for whoever is refused. The
/// kernel ends the lock with the process, however that ends, so the file stays and means nothing by itself.
public final class DirectoryLock: Sendable {
    public static let fileName = ".lock"

    private let descriptor: Int32

    /// - Throws: `RunRecordError.directoryInUse` where another process, or another lock of this one, holds it; `.unwritable`
    ///   where no file can be made there or the file system knows no locks.
    public init(_ directory: URL) throws {
        let path = directory.appendingPathComponent(Self.fileName).path
        // A stranger's directory may hold a link or a pipe of this name: neither is followed, or waited for.
        descriptor = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o666)
        guard descriptor >= 0 else { throw Self.failure(path) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let error = errno == EWOULDBLOCK ? Self.refusal(directory, path) : Self.failure(path)
            close(descriptor)
            throw error
        }
        // The lock holds without it, so a full disk may leave the owner unnamed.
        let owner = Array("\(getpid())\n".utf8)
        _ = ftruncate(descriptor, 0)
        _ = pwrite(descriptor, owner, owner.count, 0)
    }

    deinit { close(descriptor) }

    private static func refusal(_ directory: URL, _ path: String) -> RunRecordError {
        let owner = try? String(contentsOfFile: path, encoding: .utf8)
        let number = owner.flatMap { Int($0.trimmingCharacters(in: .whitespacesAndNewlines)) }
        return .directoryInUse(directory: directory.path, process: number)
    }

    private static func failure(_ path: String) -> RunRecordError {
        .unwritable(file: path, reason: String(cString: strerror(errno)))
    }
}
