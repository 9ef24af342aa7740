import Foundation
import ModelFixtures
import Testing
import Winnow

@Suite struct InspectCommandTests {
    private struct Row: Decodable {
        var block, position, id: Int
        var text: String
        var loss, entropy, referenceLoss, excess: Double?
        var selected: Bool?
    }

    private func rows(_ arguments: String...) throws -> [Row] {
        let process = try WinnowProcess(["inspect", "--json"] + arguments)
        #expect(process.exitCode == 0, "\(process.errors)")
        return try process.output.split(separator: "\n").map { try JSONDecoder().decode(Row.self, from: Data($0.utf8)) }
    }

    @Test func itsLossesAreThoseOfEvaluate() throws {
        let folder = try TemporaryFolder()
        let file = folder.file("losses.safetensors")
        let evaluated = try WinnowProcess(
            "evaluate", "--text", Fixtures.plainEnglish.path, "--block-length", "100", "--token-losses", file.path)
        #expect(evaluated.exitCode == 0, "\(evaluated.errors)")
        let losses = try TokenLossFile.read(file)

        // 463 tokens: the last block has 63, and its padding isn't shown.
        let rows = try rows("--text", Fixtures.plainEnglish.path, "--block-length", "100", "--block", "3", "--blocks", "5")
        #expect(rows.map(\.block) == [Int](repeating: 3, count: 100) + [Int](repeating: 4, count: 63))
        for row in rows {
            let place = row.block * 100 + row.position
            #expect(row.id == Int(losses.inputIDs![place]))
            #expect((row.loss == nil) == !losses.mask[place] && row.referenceLoss == nil)
            if let loss = row.loss { #expect(abs(loss - Double(losses.losses[place])) < 1e-5) }
        }
        let text = try String(contentsOf: Fixtures.plainEnglish, encoding: .utf8)
        #expect(text.contains(rows.prefix(100).map(\.text).joined()))
    }

    @Test func whatIsMarkedIsTheTopOfTheExcess() throws {
        let folder = try TemporaryFolder()
        let model = try Workspace().model(.standard).model
        try LoRAAdapter.random(for: model, seed: 3).folder(baseModel: nil).write(to: folder.file("other"))
        let rows = try rows(
            "--text", Fixtures.plainEnglish.path, "--block-length", "40", "--reference", folder.file("other").path, "--ratio",
            "0.3")
        let scored = rows.filter { $0.loss != nil }
        #expect(rows.count == 40 && scored.count == 39)
        for row in scored { #expect(abs(row.excess! - (row.loss! - row.referenceLoss!)) < 1e-9) }
        let marked = scored.filter { $0.selected == true }.compactMap(\.excess)
        #expect(marked.count == 11)
        #expect(marked.min()! >= scored.filter { $0.selected == false }.compactMap(\.excess).max()!)
        #expect(Set(scored.map { $0.excess! }).count > 30, "the adapter changes something")
    }

    @Test func theTableQuotesTokens() throws {
        let folder = try TemporaryFolder()
        try Data("One\u{1B}[2J two\n\nthree".utf8).write(to: folder.file("text.txt"))
        let process = try WinnowProcess("inspect", "--text", folder.file("text.txt").path)
        #expect(process.exitCode == 0, "\(process.errors)")
        #expect(!process.output.contains("\u{1B}") && process.output.contains("\\u{1B}"))
        let lines = process.output.split(separator: "\n")
        #expect(lines[0].hasSuffix("token") && lines[1].hasSuffix("\"One\""))
        #expect(lines.dropFirst().allSatisfy { $0.hasSuffix("\"") })
    }

    @Test func badUsageIsExitCode64() throws {
        for arguments in [
            [], ["--text", "a", "--ratio", "0"], ["--text", "a", "--blocks", "0"], ["--text", "a", "--block", "-1"],
            ["--text", "a", "--reference", "base"], ["--text", Fixtures.plainEnglish.path, "--block", "9"],
        ] {
            let process = try WinnowProcess(["inspect"] + arguments)
            #expect(process.exitCode == 64, "\(arguments): \(process.errors)")
            #expect(process.output.isEmpty)
        }
    }
}
