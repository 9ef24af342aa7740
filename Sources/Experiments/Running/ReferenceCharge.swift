import Foundation
import RunRecords

/// What the reference of a finished run cost: its own training, whole, and its pass over the run's blocks.
struct ReferenceCharge {
    var trainingSeconds = 0.0
    var scoringSeconds = 0.0

    var seconds: Double { trainingSeconds + scoringSeconds }

    /// - Parameter directory: the study's.
    init(of run: StudyRun, in study: Study, directory: URL) throws {
        guard run.recipe.selection.usesReference else { return }
        func manifest(_ run: StudyRun) throws -> RunManifest {
            try RunManifest.read(from: RunDirectory(directory.appendingPathComponent(run.name)).manifest)
        }
        scoringSeconds = try manifest(run).referenceScoringSeconds ?? 0
        if case .trained(let name) = run.recipe.selection.reference {
            trainingSeconds = try manifest(study.run(.reference(name), seed: 0)).trainingSeconds
        }
    }
}
