import Foundation

/// A document as it was found: bytes of some format, before anything is made of them.
package struct RawDocument: Sendable {
    /// The file's name, and in a file of many documents the line or row: `pages.jsonl:17`.
    var name: String
    var path: String
    var format: TextFormat
    /// The line of a JSON Lines file or the row of a table, from 1; else 0.
    var line = 0
    var bytes: [UInt8]

    /// The document's text: line ends `\n`, no byte order mark, the main text alone of an HTML page.
    ///
    /// - Parameter field: which field of a JSON line is the text.
    /// - Returns: the text, and whether bytes that are not UTF-8 were replaced by U+FFFD.
    package func text(field: String) throws -> (text: String, isRepaired: Bool) {
        switch format {
        case .plain, .parquet, .arrow:
            let text = String(validating: bytes, as: UTF8.self)
            return (Self.normalizingLineEnds(text ?? String(decoding: bytes, as: UTF8.self)), text == nil)
        case .html:
            // An HTML page says itself what its encoding is; libxml2 knows how to read that.
            return (try HTMLText(bytes, path: path).text, false)
        case .jsonLines:
            return (Self.normalizingLineEnds(try JSONLine(bytes, path: path, line: line).string(field)), false)
        }
    }

    private static func normalizingLineEnds(_ text: String) -> String {
        let utf8 = text.utf8
        let hasMark = utf8.starts(with: [0xEF, 0xBB, 0xBF])
        let hasReturn = utf8.withContiguousStorageIfAvailable { bytes in
            bytes.baseAddress.map { memchr($0, 0x0D, bytes.count) != nil } ?? false
        }
        guard hasMark || hasReturn ?? utf8.contains(UInt8(ascii: "\r")) else { return text }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(utf8.count)
        var previous: UInt8 = 0
        for byte in hasMark ? utf8.dropFirst(3) : utf8[...] {
            switch (previous, byte) {
            case (UInt8(ascii: "\r"), UInt8(ascii: "\n")): break
            case (_, UInt8(ascii: "\r")): bytes.append(UInt8(ascii: "\n"))
            default: bytes.append(byte)
            }
            previous = byte
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
