import Foundation

/// What one encoding at a time needs: the memory to merge in, and the words met so far.
final class EncodingWorkspace {
    let merger = BPEMerger()
    let cache = WordCache()
}

/// Lends workspaces to encodings, so that short texts, too, profit from the words of those before them.
///
/// There are as many as encodings ever ran at the same time.
final class WorkspacePool: @unchecked Sendable {
    // @unchecked: `idle` is touched under the lock alone, and a workspace is in the hands of one encoding only.
    private let lock = NSLock()
    private var idle: [EncodingWorkspace] = []

    func withWorkspace<R>(_ body: (EncodingWorkspace) -> R) -> R {
        let workspace = lock.withLock { idle.popLast() } ?? EncodingWorkspace()
        defer { lock.withLock { idle.append(workspace) } }
        return body(workspace)
    }
}
