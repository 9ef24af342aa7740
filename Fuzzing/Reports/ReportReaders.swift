import Analysis
import Checkpoints
import FuzzedReaders
import RunRecords

/// The readers behind a report.
extension Reader {
    package static let reports = [
        Reader("losses", longest: 1024) { input, _ in _ = TokenLossAudit(try TokenLossFile.read(safetensors(input[...]))) },
        Reader("report", longest: 8192) { try ReportInput.read($0, in: $1) },
    ]
}
