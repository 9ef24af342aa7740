import Foundation
import Reporting
import Testing

@Suite struct ArmTableTests {
    private func table(color: Bool, arms: [StudyFixture.ArmPlan] = StudyFixture.defaultArms) throws -> [String] {
        let directory = try TemporaryDirectory()
        try StudyFixture(directory: directory.url) { $0.arms = arms }.write()
        return ArmTable(try StudyFindings(directory: directory.url)).text(color: color).components(separatedBy: "\n")
    }

    @Test func itHasALineAnArmAndPlainText() throws {
        let lines = try table(color: false)
        let start = try #require(lines.firstIndex { $0.contains("before training") })
        for (index, plan) in StudyFixture.defaultArms.enumerated() {
            #expect(lines[start + 1 + index].hasPrefix("  \(plan.label)"))
        }
        #expect(!lines.joined().contains("\u{1B}"))
        // Clearly worse: marked. The null: not.
        #expect(lines[start + 3].contains("*"))
        #expect(!lines[start + 2].contains("*"))
    }

    @Test func theColumnsLineUp() throws {
        let lines = try table(color: false)
        let header = try #require(lines.first { $0.contains("tokens/s") })
        let end = header.count
        for plan in StudyFixture.defaultArms {
            #expect(lines.first { $0.hasPrefix("  \(plan.label)") }?.count == end, "\(plan.label)")
        }
    }

    @Test func onATerminalTheVerdictIsAColor() throws {
        let text = try table(color: true).joined(separator: "\n")
        #expect(text.contains("\u{1B}[31m"))
        #expect(text.contains("\u{1B}[32m"))
        #expect(!text.contains("*"))
    }

    @Test func aNameCannotMoveTheCursor() throws {
        var arms = StudyFixture.defaultArms
        arms[1].label = "evil\u{1B}[2J"
        #expect(!(try table(color: false, arms: arms).joined().contains("\u{1B}")))
    }
}
