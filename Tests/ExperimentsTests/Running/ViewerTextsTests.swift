import Experiments
import Foundation
import ModelFixtures
import RunRecords
import Testing
import Tokenizers

@Suite struct ViewerTextsTests {
    private func tokenizer() throws -> Tokenizer { try Tokenizer(at: DefaultInput().modelURL()) }

    @Test func thePiecesAreTheTextAndThereIsOneAToken() throws {
        let tokenizer = try tokenizer()
        let text = "Let 𝔽 be a field, naïve 🜚 <script>; 12 + 3.\n"
        let ids = tokenizer.encode(text)
        let pieces = ViewerTexts(tokenizer: tokenizer, directory: URL(fileURLWithPath: "/")).pieces(of: ids)
        #expect(pieces.count == ids.count)
        #expect(pieces.joined() == tokenizer.decode(ids))
        // Characters outside the vocabulary take several tokens: all but the last of them show nothing.
        #expect(pieces.contains(""))
    }

    @Test func theFirstBlocksOfASplitAreWrittenAndNamed() throws {
        let tokenizer = try tokenizer()
        let folder = try TemporaryFolder()
        let ids = tokenizer.encode(String(repeating: "One column for each basis vector. ", count: 60))
        let (rows, positions) = (ViewerTexts.blockCount + 2, 8)
        let losses = try TokenLosses(
            rows: rows, positions: positions, losses: Array(repeating: 1, count: rows * positions),
            mask: (0..<rows * positions).map { $0 % positions > 0 }, inputIDs: Array(ids.prefix(rows * positions)))
        try TokenLossFile.write(losses, to: folder.file("losses.safetensors"))
        var record = StudyRecord(
            title: "", summary: "", recipe: "", model: .init(name: "", hash: "", parameters: 0, trainableParameters: 0),
            splits: [.init(name: "held-out", label: "", role: .validation, documents: 1, tokens: 1, hash: "", source: "")],
            blockLength: positions, versions: [:], device: "cpu", threads: 1, startedAt: Date(), arms: [])
        record.startTokenLosses = ["held-out": "losses.safetensors"]
        try ViewerTexts(tokenizer: tokenizer, directory: folder.file("losses.safetensors").deletingLastPathComponent())
            .write(into: &record)
        let texts = try TokenTexts.read(from: folder.file(try #require(record.viewerTexts["held-out"])))
        #expect(texts.blocks.count == ViewerTexts.blockCount)
        #expect(texts.blocks.allSatisfy { $0.count == positions })
        #expect(texts.blocks[1].joined() == tokenizer.decode(Array(ids[8..<16])))
    }
}
