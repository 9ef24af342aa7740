import CDiskLog
import Foundation

/// What a piece of work asked of the disk, in order: all that a power failure in its midst would leave standing.
public struct DiskLog {
    public enum Entry: Equatable, Sendable {
        /// A file's bytes, or a folder's list of names, was put on the disk.
        case flush(String)
        case rename(from: String, to: String)
    }

    /// Whether flushes can be written down here.
    public static var isAvailable: Bool {
        #if os(Linux)
            true
        #else
            false
        #endif
    }

    /// Paths are relative to `folder`, which is itself `.`; what lies elsewhere is left out.
    public private(set) var entries: [Entry] = []

    /// Does the work on this thread, and writes down what that thread flushes and renames within `folder`.
    public init(of folder: URL, during work: () throws -> Void) throws {
        disk_log_begin()
        do { try work() } catch {
            free(disk_log_end())
            throw error
        }
        let text = disk_log_end()!
        defer { free(text) }
        // The kernel names a flushed file by its true path, a renamed one as it was called.
        let roots = [folder.path, folder.resolvingSymlinksInPath().path]
        func name(_ path: Substring) -> String? {
            guard let root = roots.first(where: { path == $0 || path.hasPrefix($0 + "/") }) else { return nil }
            return path.count == root.count ? "." : String(path.dropFirst(root.count + 1))
        }
        for line in String(cString: text).split(separator: "\n") {
            let fields = line.split(separator: "\t").dropFirst()
            let names = fields.compactMap(name)
            guard names.count == fields.count else { continue }
            entries.append(names.count == 1 ? .flush(names[0]) : .rename(from: names[0], to: names[1]))
        }
    }
}
