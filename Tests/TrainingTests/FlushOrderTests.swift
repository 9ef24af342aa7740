import Corpora
import Foundation
import ModelFixtures
import Models
import RunRecords
import Testing
import Torch
import Training

/// What is on the disk before what: a power failure must not leave a checkpoint whose metrics, or whose own files, are missing.
@Suite(.enabled(if: DiskLog.isAvailable, "flushes can be written down on Linux alone")) struct FlushOrderTests {
    private let folder = try! TemporaryFolder()

    private func trainer(steps: Int) throws -> Trainer {
        let model = try LlamaModel.tiny()
        return try Trainer(
            model: model, adapter: .random(for: model),
            sampler: TokenBlocks(count: 9, blockLength: 16).sampler(batchSize: 2, shuffle: true),
            options: Trainer.Options(stepCount: steps))
    }

    private func loop() throws -> TrainingLoop {
        var loop = TrainingLoop(directory: RunDirectory(folder.url))
        loop.checkpointInterval = 1
        loop.keptCheckpoints = 10
        return loop
    }

    /// A run of three steps, and a log of selections beside the metrics.
    private func run() throws -> [DiskLog.Entry] {
        var loop = try loop()
        loop.sinks = [LogSink(try MetricsLog.create(at: loop.directory.metrics))]
        let layout = SelectionHistory.Layout(blockLength: 16, blocksPerStep: 2, dataHash: "x")
        loop.selectionLog = try SelectionLog.create(at: loop.directory.selections, layout: layout)
        let trainer = try trainer(steps: 3)
        return try DiskLog(of: folder.url) { () throws in #expect(try loop.run(trainer) == .finished) }.entries
    }

    @Test func aCheckpointIsOnTheDiskBeforeItCounts() throws {
        let entries = try run()
        var done = 0
        for step in 1...3 {
            let rename = try #require(
                entries.firstIndex { if case .rename(_, "checkpoint-\(step)") = $0 { true } else { false } }, "step \(step)")
            guard case .rename(let aside, _) = entries[rename] else { continue }
            let before = entries[done..<rename]
            // The logs, which a resumed run wants as far as its checkpoint, and only then every file, and the list of them.
            #expect(before.contains(.flush("metrics.jsonl")), "step \(step)")
            #expect(before.contains(.flush("selections.bin")), "step \(step)")
            let files = try FileManager.default.contentsOfDirectory(atPath: folder.file("checkpoint-\(step)").path)
            #expect(files.count == 5)
            for file in files { #expect(before.contains(.flush("\(aside)/\(file)")), "step \(step): \(file)") }
            #expect(before.last == .flush(aside))
            #expect(entries.dropFirst(rename + 1).first == .flush("."))
            done = rename
        }
    }

    /// A file is renamed into place once its bytes are on the disk, and its folder's list of names follows.
    @Test func everyFileIsFlushedOnBothSidesOfItsRename() throws {
        let entries = try run()
        var renames = 0
        for (index, entry) in entries.enumerated() {
            guard case .rename(let from, let to) = entry, !to.hasPrefix("checkpoint-") else { continue }
            renames += 1
            let parent = to.split(separator: "/").dropLast().joined(separator: "/")
            #expect(entries.prefix(index).last == .flush(from), "\(to)")
            #expect(entries.dropFirst(index + 1).first == .flush(parent.isEmpty ? "." : parent), "\(to)")
        }
        // Of the adapter, two; of three checkpoints, five each.
        #expect(renames == 17)
    }

    @Test func whatIsRecoveredIsOnTheDisk() throws {
        _ = try run()
        try FileManager.default.moveItem(at: folder.file("checkpoint-3"), to: folder.file(".checkpoint-3.17.partial"))
        let resumed = try trainer(steps: 3)
        let entries = try DiskLog(of: folder.url) { () throws in #expect(try loop().resume(resumed) == 3) }.entries
        #expect(entries.last == .flush("."), "\(entries)")
        #expect(try DiskLog(of: folder.url) { try loop().resume(resumed) }.entries == [])
    }
}
