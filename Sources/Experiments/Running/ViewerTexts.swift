import Foundation
import RunRecords
import Tokenizers

/// Writes the text of the first held-out blocks of a study, token by token, for the report's token viewer.
package struct ViewerTexts {
    /// What a report shows at most of a split.
    package static let blockCount = 24

    let tokenizer: Tokenizer
    let directory: URL

    package init(tokenizer: Tokenizer, directory: URL) { (self.tokenizer, self.directory) = (tokenizer, directory) }

    /// Writes one file a split and names it in the record. A split whose token losses don't hold the tokens is left out.
    package func write(into record: inout StudyRecord) throws {
        for split in record.validationSplits {
            let files = [record.startTokenLosses[split.name]] + record.arms.flatMap(\.runs).map { $0.tokenLosses[split.name] }
            guard let path = files.lazy.compactMap({ $0 }).first else { continue }
            let losses = try TokenLossFile.read(directory.appendingPathComponent(path))
            guard let ids = losses.inputIDs else { continue }
            let blocks = (0..<min(Self.blockCount, losses.rows)).map { row in
                pieces(of: ids[row * losses.positions..<(row + 1) * losses.positions])
            }
            let name = TokenTexts.fileName(of: split.name)
            try TokenTexts(split: split.name, blocks: blocks).write(to: directory.appendingPathComponent(name))
            record.viewerTexts[split.name] = name
        }
    }

    /// A piece a token. What a cut character leaves at the end goes to the last.
    package func pieces(of ids: some Collection<Int32>) -> [String] {
        var decoder = tokenizer.streamingDecoder()
        var pieces = ids.map { decoder.push($0) }
        let rest = decoder.finish()
        if !pieces.isEmpty { pieces[pieces.count - 1] += rest }
        return pieces
    }
}
