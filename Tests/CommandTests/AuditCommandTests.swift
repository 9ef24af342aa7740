import Foundation
import ModelFixtures
import Testing
import Winnow

@Suite struct AuditCommandTests {
    private struct Audit: Decodable {
        struct Finding: Decodable {
            var kind, severity, sentence, remedy: String
            var firstPlace: [Int]?
            var count: Int
        }

        var rows, positions, tokens: Int
        var meanLoss: Double
        var hasTokenIDs: Bool
        var findings: [Finding]
    }

    /// The default model's losses of plain English with the right labels and, from the same logits, with unshifted ones.
    private func write(shifted: Bool, ids keepsIDs: Bool = true, to file: URL) throws {
        let loaded = try Workspace().model(.standard)
        let text = try String(contentsOf: Fixtures.plainEnglish, encoding: .utf8)
        let ids = Array(try loaded.tokenizer().encode(text).prefix(384))
        let (rows, length) = (4, 96)
        let (losses, mask): ([Float], [Bool]) = withoutGradient {
            let hidden = loaded.model.hiddenStates(Tensor(ids.map(Int64.init), shape: [rows, length])).reshaped([
                rows * length, -1,
            ])
            let targets = ids.indices.map { shifted ? Int64(ids[min($0 + 1, ids.count - 1)]) : Int64(ids[$0]) }
            let found: [Float] = LossHead(weight: loaded.model.headWeight).score(hidden, targets: Tensor(targets)).loss.values()
            // The prediction at t − 1 is of token t; unshifted, the one at t is taken for it.
            let losses = ids.indices.map { $0 % length == 0 ? 0 : found[shifted ? $0 - 1 : $0] }
            return (losses, ids.indices.map { $0 % length > 0 })
        }
        try TokenLossFile.write(
            TokenLosses(rows: rows, positions: length, losses: losses, mask: mask, inputIDs: keepsIDs ? ids : nil), to: file)
    }

    @Test func unshiftedLabelsAreFlaggedAndRightOnesPass() throws {
        let folder = try TemporaryFolder()
        let (right, wrong) = (folder.file("right.safetensors"), folder.file("wrong.safetensors"))
        try write(shifted: true, to: right)
        try write(shifted: false, to: wrong)

        let passed = try WinnowProcess("audit", right.path)
        #expect(passed.exitCode == 0 && passed.output.hasSuffix("nothing wrong found\n"), "\(passed.output)\(passed.errors)")
        let flagged = try WinnowProcess("audit", wrong.path)
        #expect(flagged.exitCode == 1 && flagged.output.contains("error: The losses look as if labels weren't shifted"))

        let process = try WinnowProcess("audit", wrong.path, "--json")
        let audit = try JSONDecoder().decode(Audit.self, from: Data(process.output.utf8))
        #expect(audit.findings.map(\.kind) == ["unshifted"])
        #expect(audit.tokens == 4 * 95 && audit.hasTokenIDs && audit.meanLoss > 9, "\(audit)")

        try write(shifted: true, ids: false, to: right)
        try write(shifted: false, ids: false, to: wrong)
        #expect(try WinnowProcess("audit", right.path).exitCode == 0)
        #expect(try WinnowProcess("audit", wrong.path).exitCode == 1)
    }

    @Test func whatIsNoTokenLossFileIsSaid() throws {
        let folder = try TemporaryFolder()
        let missing = try WinnowProcess("audit", folder.file("none").path)
        #expect(missing.exitCode == 1 && missing.errors.contains("none"))
        #expect(try WinnowProcess("audit").exitCode == 64)
    }
}
