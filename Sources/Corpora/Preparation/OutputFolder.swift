import Foundation

/// A folder that appears whole or not at all: it is filled beside its place and renamed into it.
///
/// Dropped before ``commit()``, it leaves what was there before.
final class OutputFolder {
    private let url: URL
    /// Where to write until then.
    let staging: URL
    private var isCommitted = false

    /// - Parameter overwrite: replace a corpus that is there. Nothing but a prepared corpus is ever replaced.
    /// - Throws: `CorpusError.outputExists` where `url` is a file or a folder that is not empty.
    init(_ url: URL, overwrite: Bool) throws {
        self.url = url.standardizedFileURL
        if FileManager.default.fileExists(atPath: url.path) {
            let contents = try? FileManager.default.contentsOfDirectory(atPath: url.path)
            let isCorpus = contents.map { $0.contains(CorpusManifest.fileName) } ?? false
            guard contents == [] || isCorpus else { throw CorpusError.outputIsNoCorpus(path: url.path) }
            guard contents == [] || overwrite else { throw CorpusError.outputExists(path: url.path) }
        }
        let parent = self.url.deletingLastPathComponent()
        staging = parent.appendingPathComponent(".\(self.url.lastPathComponent).\(UUID().uuidString)")
        do {
            try FileManager.default.createDirectory(at: staging, withIntermediateDirectories: true)
        } catch {
            throw CorpusError.cannotWrite(path: url.path, reason: error.localizedDescription)
        }
    }

    deinit {
        if !isCommitted { try? FileManager.default.removeItem(at: staging) }
    }

    /// Puts the folder in its place. What it replaces is set aside first and removed last.
    func commit() throws {
        let aside = staging.appendingPathExtension("old")
        let replaces = FileManager.default.fileExists(atPath: url.path)
        if replaces { try move(url, to: aside) }
        do {
            try move(staging, to: url)
        } catch {
            if replaces { try? move(aside, to: url) }
            throw error
        }
        isCommitted = true
        if replaces { try? FileManager.default.removeItem(at: aside) }
    }

    private func move(_ source: URL, to destination: URL) throws {
        guard rename(source.path, destination.path) == 0 else {
            throw CorpusError.cannotWrite(path: destination.path, reason: String(cString: strerror(errno)))
        }
    }
}
