import ArgumentParser
import Foundation
import Winnow

/// `winnow doctor`: what is installed, what is missing, and the exact fix.
struct DoctorCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "doctor",
        abstract: "Say what is installed, what is missing and how to fix it.",
        discussion: "Exits 1 if anything is missing that training or the default study needs.")

    @Flag(help: "Print a list of {name, purpose, met, necessary, detail, fix}.")
    var json = false

    func run() throws {
        let requirements = MachineCheck().requirements()
        if json {
            let encoder = JSONEncoder()
            encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
            print(String(decoding: try encoder.encode(requirements), as: UTF8.self))
        } else {
            requirements.forEach { print(line(for: $0)) }
        }
        if requirements.contains(where: { $0.isNecessary && !$0.isMet }) { throw ExitCode.failure }
    }

    private func line(for requirement: Requirement) -> String {
        let mark = requirement.isMet ? marks.met : requirement.isNecessary ? marks.missing : marks.optional
        let name = requirement.name.padding(toLength: 22, withPad: " ", startingAt: 0)
        guard let fix = requirement.fix else { return "\(mark) \(name) \(requirement.detail)" }
        let blank = String(repeating: " ", count: mark.count + name.count + 2)
        return "\(mark) \(name) \(requirement.detail)\n\(blank)for \(requirement.purpose.rawValue): \(fix)"
    }

    /// Signs for a terminal that shows UTF-8, words for everything else.
    private var marks: (met: String, missing: String, optional: String) {
        let environment = ProcessInfo.processInfo.environment
        let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
        let isUTF8 = locale.lowercased().replacingOccurrences(of: "-", with: "").contains("utf8")
        return isUTF8 && isatty(STDOUT_FILENO) == 1 ? ("✓", "✗", "–") : ("ok      ", "MISSING ", "absent  ")
    }
}
