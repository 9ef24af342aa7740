import Foundation

/// One file that documents are read from.
public struct SourceFile: Sendable, Equatable {
    public let url: URL
    /// The path from the input that it was found by: `tutorial/index.html`. Documents are named after it.
    public let name: String
    public let format: TextFormat
    public let compression: TextFormat.Compression
    /// Named by the user, not found in a folder: such a file may not be passed over.
    public let isNamed: Bool
    /// Bytes on disk.
    public let size: Int
    /// Instead of what is on disk.
    var contents: Contents?

    /// A file in memory, as fuzzing feeds readers: pieces smaller than a disk's show what lies across their edges.
    struct Contents: Sendable, Equatable {
        var bytes: [UInt8]
        var pieceSize: Int
    }

    /// A named file in memory; `nil` where its name announces nothing that Winnow reads.
    package init?(named name: String, contents: [UInt8], pieceSize: Int) {
        guard let (format, compression) = TextFormat.named(name) else { return nil }
        (url, self.name, isNamed) = (URL(fileURLWithPath: "/" + name), name, true)
        (self.format, self.compression, size) = (format, compression, contents.count)
        self.contents = Contents(bytes: contents, pieceSize: pieceSize)
    }

    init(url: URL, name: String, format: TextFormat, compression: TextFormat.Compression, isNamed: Bool, size: Int) {
        (self.url, self.name, self.format, self.compression) = (url, name, format, compression)
        (self.isNamed, self.size) = (isNamed, size)
    }
}

/// The files that a list of inputs stands for: each input a file, a folder or a glob.
///
/// A folder is searched to its depths, sorted by path, so that the same folder gives the same corpus everywhere; hidden files
/// and links to folders are left out. A file that two inputs name is read once. A dataset's splits are not mixed unasked.
public struct SourceFiles: Sendable {
    public private(set) var files: [SourceFile] = []
    /// Files found in folders whose extension Winnow does not read, by extension.
    public private(set) var passedOver: [String: Int] = [:]

    private let include: [Glob]
    private let exclude: [Glob]
    private var seen = Set<String>()

    /// - Parameters:
    ///   - inputs: files, folders and globs.
    ///   - include: what is taken of the files found in folders and by globs; all where empty.
    ///   - exclude: what is left out of them. Matched, as `include`, against the path below the input.
    /// - Throws: `CorpusError.notFound`, `.nothingMatches`, and `.unknownExtension` for a file that was named.
    public init(inputs: [String], include: [String] = [], exclude: [String] = []) throws {
        self.include = include.map(Glob.init)
        self.exclude = exclude.map(Glob.init)
        for input in inputs { try add(input) }
    }

    private mutating func add(_ input: String) throws {
        var isFolder: ObjCBool = false
        if FileManager.default.fileExists(atPath: input, isDirectory: &isFolder) {
            let url = URL(fileURLWithPath: input)
            if isFolder.boolValue {
                try search(
                    url, named: url.standardizedFileURL.lastPathComponent, input: input,
                    isWhole: include.isEmpty && exclude.isEmpty
                ) { _ in true }
            } else {
                guard append(url, name: url.lastPathComponent, isNamed: true) else {
                    throw CorpusError.unknownExtension(path: input)
                }
            }
            return
        }
        guard Glob.isPattern(input) else { throw CorpusError.notFound(path: input) }
        // The folder to search is what stands before the first name with a wildcard in it.
        let names = input.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let fixed = names.prefix { !Glob.isPattern($0) }
        let folder = fixed.isEmpty ? "." : fixed == [""] ? "/" : fixed.joined(separator: "/")
        guard FileManager.default.fileExists(atPath: folder) else { throw CorpusError.nothingMatches(pattern: input) }
        // A leading slash makes the pattern mean the whole path, even where it is a single name.
        let glob = Glob("/" + names.dropFirst(fixed.count).joined(separator: "/"))
        let url = URL(fileURLWithPath: folder)
        try search(
            url, named: url.standardizedFileURL.lastPathComponent, input: input, isWhole: false, where: glob.matches)
    }

    /// Adds every readable file below `folder` that the options and `isWanted` let through.
    private mutating func search(
        _ folder: URL, named name: String, input: String, isWhole: Bool, where isWanted: (String) -> Bool
    ) throws {
        let paths = try Self.paths(below: folder)
        let dataset = try DatasetFolder(folder, paths: paths)
        if isWhole, dataset.splits.count > 1 {
            throw CorpusError.severalSplits(path: folder.path, splits: dataset.splits.sorted())
        }
        var found = 0
        for path in paths where isWanted(path) && isIncluded(path) {
            let isData = !dataset.leftOut.contains(path)
            if isData, append(folder.appendingPathComponent(path), name: "\(name)/\(path)", isNamed: false) {
                found += 1
            } else {
                passedOver[URL(fileURLWithPath: path).pathExtension, default: 0] += 1
            }
        }
        if found == 0 { throw CorpusError.nothingMatches(pattern: input) }
    }

    private func isIncluded(_ path: String) -> Bool {
        (include.isEmpty || include.contains { $0.matches(path) }) && !exclude.contains { $0.matches(path) }
    }

    /// - Returns: `false` where the extension is not one that Winnow reads.
    private mutating func append(_ url: URL, name: String, isNamed: Bool) -> Bool {
        guard let (format, compression) = TextFormat.named(url.lastPathComponent) else { return false }
        if seen.insert(url.resolvingSymlinksInPath().path).inserted {
            var status = stat()
            let size = stat(url.path, &status) == 0 ? Int(status.st_size) : 0
            files.append(
                SourceFile(url: url, name: name, format: format, compression: compression, isNamed: isNamed, size: size))
        }
        return true
    }

    /// The files below `folder`, as sorted relative paths.
    private static func paths(below folder: URL) throws -> [String] {
        var paths: [String] = []
        var pending = [""]
        while let prefix = pending.popLast() {
            let here = prefix.isEmpty ? folder : folder.appendingPathComponent(prefix)
            let entries: [URL]
            do {
                entries = try FileManager.default.contentsOfDirectory(
                    at: here, includingPropertiesForKeys: [.isDirectoryKey, .isSymbolicLinkKey], options: .skipsHiddenFiles)
            } catch {
                throw CorpusError.unreadable(path: here.path, reason: error.localizedDescription)
            }
            for entry in entries {
                let path = prefix.isEmpty ? entry.lastPathComponent : "\(prefix)/\(entry.lastPathComponent)"
                var status = stat()
                // Followed, so that a link to a file counts as the file; a link to a folder is told apart below.
                guard stat(entry.path, &status) == 0 else { continue }
                if status.st_mode & S_IFMT == S_IFDIR {
                    var link = stat()
                    if lstat(entry.path, &link) == 0, link.st_mode & S_IFMT != S_IFLNK { pending.append(path) }
                } else if status.st_mode & S_IFMT == S_IFREG {
                    paths.append(path)
                }
            }
        }
        return paths.sorted { $0.utf8.lexicographicallyPrecedes($1.utf8) }
    }
}
