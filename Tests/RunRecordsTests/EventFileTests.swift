import Foundation
import PeerProcess
import RunRecords
import Testing

@Suite struct EventFileTests {
    private struct Point: Equatable {
        var step: Int
        var value: Float
        init(_ step: Int, _ value: Float) { (self.step, self.value) = (step, value) }
    }

    /// What TensorBoard's own reader makes of a directory.
    private func scalars(in directory: URL) throws -> [String: [Point]] {
        let output = try PeerProcess.run(PeerProcess.oracle("read_events.py"), [directory.path])
        let tags = try #require(try JSONSerialization.jsonObject(with: Data(output.utf8)) as? [String: [[Any]]])
        return tags.mapValues { points in points.map { Point($0[0] as! Int, Float($0[1] as! String)!) } }
    }

    @Test func tensorBoardReadsWhatIsWritten() throws {
        let directory = try TemporaryDirectory()
        let file = try EventFile(in: directory.url, from: 0)
        #expect(file.url.lastPathComponent.hasPrefix(RunDirectory.eventsPrefix))
        // A tag longer than 127 bytes has a length of two bytes, a step over 2³⁵ one of six.
        let long = "held-out/" + String(repeating: "é", count: 100)
        try file.append([("loss", 2.5), (long, -1e-30)], step: 0)
        try file.append([("loss", 1.25)], step: 300)
        try file.append([("loss", .infinity)], step: 40_000_000_000)
        #expect(
            try scalars(in: directory.url) == [
                "loss": [Point(0, 2.5), Point(300, 1.25), Point(40_000_000_000, .infinity)], long: [Point(0, -1e-30)],
            ])
    }

    /// A resumed run tells its steps anew; what an earlier file said of them is forgotten, also within the same second, and where the
    /// clock was set back.
    @Test(arguments: [0.0, -86_400]) func aLaterFileReplacesWhatItRepeats(seconds: Double) throws {
        let directory = try TemporaryDirectory()
        let now = Date()
        let first = try EventFile(in: directory.url, from: 0, at: now)
        for step in 1...5 { try first.append([("loss", Double(step))], step: step) }
        let second = try EventFile(in: directory.url, from: 4, at: now + seconds)
        #expect(second.url != first.url)
        for step in 4...6 { try second.append([("loss", Double(-step))], step: step) }
        #expect(
            try scalars(in: directory.url) == [
                "loss": [Point(1, 1), Point(2, 2), Point(3, 3), Point(4, -4), Point(5, -5), Point(6, -6)]
            ])
    }
}
