import ArgumentParser
import Foundation
import Winnow

/// `winnow audit`: what is wrong with a token-loss file.
struct AuditCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "audit",
        abstract: "Say what is wrong with a token-loss file: unshifted labels, counted padding, NaN.",
        discussion: """
            Takes what `winnow evaluate --token-losses` and `winnow score` write, or a dump of your own, converted to \
            safetensors: `losses` [N, T], `mask` [N, T] (1 = counts) and, if you have them, `input_ids` [N, T], which half of the \
            checks need. Position t holds the loss of predicting token t.

            Exits 1 if there is an error, 0 if there are warnings or nothing.

            Examples:
              winnow audit losses.safetensors
              winnow audit losses.safetensors --json
            """)

    @Argument(help: "The token-loss file.", completion: .file(extensions: ["safetensors"]))
    var file: String

    @Flag(help: "Print {file, rows, positions, tokens, meanLoss, foreseenShare, hasTokenIDs, findings}.")
    var json = false

    func run() throws {
        let losses = try TokenLossFile.read(URL(fileURLWithPath: file))
        let audit = TokenLossAudit(losses)
        if json {
            print(String(decoding: try RecordFile.encoder().encode(Output(file, losses, audit)), as: UTF8.self))
        } else {
            describe(losses, audit)
        }
        if audit.hasErrors { throw ExitCode.failure }
    }

    private func describe(_ losses: TokenLosses, _ audit: TokenLossAudit) {
        let mean = audit.meanLoss.map { String(format: ", mean loss %.4f nats", $0) } ?? ""
        print("\(losses.rows) rows of \(losses.positions), \(audit.tokens) losses count\(mean)")
        if losses.inputIDs == nil { print("no input_ids: padding and places can't be checked") }
        for finding in audit.findings {
            let place = finding.firstPlace.map { " First at [\($0[0]), \($0[1])]." } ?? ""
            print("\(finding.severity.rawValue): \(finding.sentence)\(place)\n    \(finding.remedy)")
        }
        if audit.findings.isEmpty { print("nothing wrong found") }
    }

    private struct Output: Encodable {
        var file: String
        var rows, positions, tokens: Int
        var meanLoss, foreseenShare: Double?
        var hasTokenIDs: Bool
        var findings: [TokenLossAudit.Finding]

        init(_ file: String, _ losses: TokenLosses, _ audit: TokenLossAudit) {
            (self.file, rows, positions, tokens) = (file, losses.rows, losses.positions, audit.tokens)
            (meanLoss, foreseenShare, hasTokenIDs) = (audit.meanLoss, audit.foreseenShare, losses.inputIDs != nil)
            findings = audit.findings
        }
    }
}
