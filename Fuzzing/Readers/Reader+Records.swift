import Foundation
import RunRecords

/// What runs and studies leave.
extension Reader {
    static let records = [
        Reader("storelog", longest: 480) { try SealedLogs.readStoreLog($0, in: $1) },
        Reader("selections", longest: 512) { input, _ in
            _ = try? SelectionLog.read(Data(input), file: "input")
            try SealedLogs.readSelections(input)
        },
        Reader("study", longest: 4096) { input, folder in
            _ = try folder.file("study.json", input)
            _ = try StudyRecord.read(from: folder.url)
        },
        Reader("manifest", longest: 2048) { _ = try RunManifest.read(from: $1.file("manifest.json", $0)) },
        Reader("metrics", longest: 2048) { _ = try MetricsLog.read($1.file("metrics.jsonl", $0)) },
        Reader("truth", longest: 1024) { _ = try GroundTruthRecord.read(from: $1.file("ground-truth.json", $0)) },
        Reader("texts", longest: 512) { _ = try TokenTexts.read(from: $1.file("viewer-noisy.json", $0)) },
    ]
}
