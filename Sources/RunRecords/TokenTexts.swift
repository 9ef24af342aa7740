import Foundation

/// The text of the tokens in some blocks of a split, for a reader to look at: `viewer-<split>.json` in a study's directory.
///
/// Put together, the pieces of a block are its text. A character whose bytes are spread over several tokens stands whole in
/// the last of them; those before it are empty.
public struct TokenTexts: Codable, Sendable, Equatable {
    public static let currentFormat = 1

    public var format = TokenTexts.currentFormat
    public var split: String
    /// `[blocks][positions]`: rows of the split's token-loss files from the first on. A last block may be shorter.
    public var blocks: [[String]]

    public init(split: String, blocks: [[String]]) { (self.split, self.blocks) = (split, blocks) }

    /// Its path in a study's directory.
    public static func fileName(of split: String) -> String { "viewer-\(split).json" }

    public static func read(from url: URL) throws -> TokenTexts {
        let texts = try RecordFile.read(TokenTexts.self, from: url)
        guard texts.format == currentFormat else {
            throw RunRecordError.unknownFormat(file: url.path, found: texts.format, supported: currentFormat)
        }
        return texts
    }

    public func write(to url: URL) throws { try RecordFile.write(self, to: url) }
}
