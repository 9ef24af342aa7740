import Analysis
import RunRecords

extension FindingsLoader {
    /// What the selection arms selected, by the arm's name, and how far they agree under their smallest seed.
    mutating func selections(
        of arms: [ArmFindings]
    ) -> (byArm: [String: SelectionFindings], overlaps: [(first: String, second: String, overlap: SelectionOverlap)]) {
        return ([:], [])
    }
}
