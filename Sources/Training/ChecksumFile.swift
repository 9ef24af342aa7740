import Checkpoints
import Foundation

/// `SHA256SUMS`: the hash of every file of a folder, a line each, as `sha256sum --check` reads it.
enum ChecksumFile {
    static let name = "SHA256SUMS"

    /// Lists what lies in `folder`, subfolders excepted.
    static func write(in folder: URL) throws {
        let lines = try files(in: folder).map { "\(try ContentHash.of([folder.appendingPathComponent($0)]))  \($0)\n" }
        try AtomicFile.write(Data(lines.joined().utf8), to: folder.appendingPathComponent(name))
    }

    private static func files(in folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0 != name }.sorted()
    }

    /// What is wrong with a folder, in half a sentence; `nil` where every file is listed and has its hash.
    static func damage(in folder: URL) -> String? {
        guard let text = try? String(contentsOf: folder.appendingPathComponent(name), encoding: .utf8) else {
            return "\(name) is missing or can't be read"
        }
        let lines = text.split(separator: "\n")
        var listed: [String] = []
        for line in lines {
            guard let match = line.wholeMatch(of: /([0-9a-f]{64})  ([^\/]+)/) else { return "\(name) is malformed" }
            guard let hash = try? ContentHash.of([folder.appendingPathComponent(String(match.2))]) else {
                return "\(match.2) is missing or can't be read"
            }
            if hash != match.1 { return "\(match.2) has another SHA-256 than \(name) says" }
            listed.append(String(match.2))
        }
        guard let found = try? files(in: folder), !listed.isEmpty, found == listed else {
            return "\(name) doesn't list its files"
        }
        return nil
    }
}
