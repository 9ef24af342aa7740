import Foundation

/// The formats of text that `winnow prepare` reads, told from a file's name: `notes.txt`, `pages.jsonl.zst`, `index.html`.
public enum TextFormat: String, Sendable, CaseIterable {
    case plain, jsonLines, html
    /// Tables with a column of text, read through Arrow's library.
    case parquet, arrow

    public enum Compression: String, Sendable {
        case none, gzip, zstandard
    }

    /// What error messages and `--help` say is readable.
    static let list = ".txt, .md, .jsonl, .html and .htm, each also as .gz or .zst, and .parquet and .arrow"

    /// Whether Arrow's library reads it.
    var isTable: Bool { self == .parquet || self == .arrow }

    /// The format and compression that `name` announces; `nil` where Winnow reads no such file.
    static func named(_ name: String) -> (format: TextFormat, compression: Compression)? {
        var url = URL(fileURLWithPath: name.lowercased())
        let compression: Compression
        switch url.pathExtension {
        case "gz": compression = .gzip
        case "zst": compression = .zstandard
        default: compression = .none
        }
        if compression != .none { url.deletePathExtension() }
        switch url.pathExtension {
        case "txt", "md": return (.plain, compression)
        case "jsonl": return (.jsonLines, compression)
        case "html", "htm": return (.html, compression)
        // They compress inside.
        case "parquet" where compression == .none: return (.parquet, .none)
        case "arrow" where compression == .none: return (.arrow, .none)
        default: return nil
        }
    }
}
