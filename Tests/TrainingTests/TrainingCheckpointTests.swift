import Foundation
import ModelFixtures
import Models
import RunRecords
import Testing
import Torch
import Training

/// Damaged, half-written and misplaced checkpoints.
@Suite struct TrainingCheckpointTests {
    private func trainer(wholeModel: Bool = false) throws -> Trainer {
        let model = try LlamaModel.tiny()
        var options = Trainer.Options(stepCount: 9)
        options.optimizer.learningRate = 1e-2
        return try Trainer(
            model: model, adapter: wholeModel ? nil : .random(for: model),
            sampler: TokenBlocks(count: 9, blockLength: 16).sampler(batchSize: 2, shuffle: true), options: options)
    }

    /// A run that was stopped after six steps, with checkpoints of steps 4 and 6.
    private func stopped(in folder: TemporaryFolder, wholeModel: Bool = false) throws -> TrainingLoop {
        var loop = TrainingLoop(directory: try RunDirectory.open(folder.url, .new))
        loop.checkpointInterval = 2
        let trainer = try trainer(wholeModel: wholeModel)
        loop.shouldStop = { trainer.progress.step == 6 }
        #expect(try loop.run(trainer) == .stopped)
        #expect(try loop.directory.checkpointSteps() == [4, 6])
        loop.shouldStop = { false }
        return loop
    }

    private func weights(of trainer: Trainer) -> [[UInt32]] {
        trainer.trained.map { $0.tensor.values(Float.self).map(\.bitPattern) }
    }

    private func uninterrupted(wholeModel: Bool = false) throws -> [[UInt32]] {
        let trainer = try trainer(wholeModel: wholeModel)
        while !trainer.isFinished { _ = try trainer.advance() }
        return weights(of: trainer)
    }

    private func names(in folder: URL) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.path).filter { $0 != DirectoryLock.fileName }.sorted()
    }

    /// A flipped bit in the middle of any file, a file cut short, a file gone: the one before is used, to the same end.
    @Test(arguments: [false, true], ["flipped", "cut", "gone"])
    func ofADamagedCheckpointTheOneBeforeIsUsed(wholeModel: Bool, damage: String) throws {
        let expected = try uninterrupted(wholeModel: wholeModel)
        let files = wholeModel ? 4 : 5
        for index in 0..<files {
            let folder = try TemporaryFolder()
            let loop = try stopped(in: folder, wholeModel: wholeModel)
            let newest = loop.directory.checkpoint(at: 6)
            let names = try names(in: newest)
            #expect(names.count == files)
            let file = newest.appendingPathComponent(names[index])
            var bytes = try Data(contentsOf: file)
            switch damage {
            case "flipped": bytes[bytes.count / 2] ^= 1
            case "cut": bytes.removeLast(bytes.count / 2)
            default: try FileManager.default.removeItem(at: file)
            }
            if damage != "gone" { try bytes.write(to: file) }

            let resumed = try trainer(wholeModel: wholeModel)
            #expect(try loop.resume(resumed) == 4, "\(damage) \(names[index])")
            #expect(try loop.run(resumed) == .finished)
            #expect(weights(of: resumed) == expected)
            #expect(try loop.directory.checkpointSteps() == [8, 9])
        }
    }

    @Test func withoutAWholeCheckpointARunIsRefused() throws {
        let folder = try TemporaryFolder()
        let loop = try stopped(in: folder)
        for step in [4, 6] {
            try FileManager.default.removeItem(at: loop.directory.checkpoint(at: step).appendingPathComponent("state.json"))
        }
        let error = #expect(throws: TrainingError.self) { try loop.resume(trainer()) }
        #expect("\(error!)".contains("checkpoint-6: state.json is missing") && "\(error!)".contains("delete that directory"))
    }

    /// A checkpoint of another version is neither damaged nor believed: whatever else it says, its format is named.
    @Test(arguments: [#"{"format": 2}"#, #"{"format": 4, "progress": 7}"#]) func anotherFormatIsRefused(state: String) throws {
        let folder = try TemporaryFolder()
        let loop = try stopped(in: folder)
        let newest = loop.directory.checkpoint(at: 6)
        let sums = newest.appendingPathComponent("SHA256SUMS")
        let file = newest.appendingPathComponent("state.json")
        let before = try ContentHash.of([file])
        try Data(state.utf8).write(to: file)
        let text = try String(contentsOf: sums, encoding: .utf8)
        try text.replacingOccurrences(of: before, with: ContentHash.of([file])).write(to: sums, atomically: true, encoding: .utf8)
        let error = #expect(throws: TrainingError.self) { try loop.resume(trainer()) }
        #expect("\(error!)".contains("it is of format \(state.contains("2") ? 2 : 4), and this winnow reads 3"), "\(error!)")
    }

    /// Should a damaged checkpoint of a later step stay, it would count as one of the two.
    @Test func aDamagedCheckpointGivesWayToEarlierSteps() throws {
        let folder = try TemporaryFolder()
        var loop = try stopped(in: folder)
        try FileManager.default.removeItem(at: loop.directory.checkpoint(at: 6).appendingPathComponent("state.json"))
        let resumed = try trainer()
        try loop.resume(resumed)
        loop.shouldStop = { resumed.progress.step == 5 }
        #expect(try loop.run(resumed) == .stopped)
        #expect(try loop.directory.checkpointSteps() == [4, 5])
    }

    /// Killed between writing a checkpoint and renaming it, or between the two renames that replace one.
    @Test func aCheckpointThatWasWholeTakesItsPlace() throws {
        let folder = try TemporaryFolder()
        let loop = try stopped(in: folder)
        let aside = folder.file(".checkpoint-6.17.partial")
        try FileManager.default.moveItem(at: loop.directory.checkpoint(at: 6), to: aside)
        #expect(try loop.resume(trainer()) == 6)
        #expect(try names(in: folder.url) == ["checkpoint-4", "checkpoint-6"])
    }

    @Test func whatAKillLeftIsClearedAway() throws {
        let folder = try TemporaryFolder()
        let loop = try stopped(in: folder)
        let manager = FileManager.default
        try manager.copyItem(at: loop.directory.checkpoint(at: 6), to: folder.file(".checkpoint-7.17.partial"))
        try manager.removeItem(at: folder.file(".checkpoint-7.17.partial/optimizer.safetensors"))
        try manager.copyItem(at: loop.directory.checkpoint(at: 4), to: folder.file(".checkpoint-6.18.partial"))
        try Data("x".utf8).write(to: folder.file(".manifest.json.19.partial"))
        try Data("x".utf8).write(to: folder.file(".notes.txt"))
        #expect(try loop.resume(trainer()) == 6)
        #expect(try names(in: folder.url) == [".notes.txt", "checkpoint-4", "checkpoint-6"])
    }

    /// Time asks for a checkpoint too, and a checkpoint more changes no bit.
    @Test func timeAsksForCheckpoints() throws {
        let (often, never) = (try TemporaryFolder(), try TemporaryFolder())
        for (folder, seconds) in [(often, 0.0), (never, 1000.0)] {
            var loop = TrainingLoop(directory: try RunDirectory.open(folder.url, .new))
            loop.checkpointSeconds = seconds
            loop.keptCheckpoints = 100
            let trainer = try trainer()
            #expect(try loop.run(trainer) == .finished)
            #expect(weights(of: trainer) == (try uninterrupted()))
            let steps = try loop.directory.checkpointSteps()
            #expect(seconds == 0 ? steps.count > 1 && steps[0] == 1 : steps == [9], "\(steps)")
        }
    }

    /// The hashes are in the form that coreutils reads.
    @Test func coreutilsAgreesWithTheHashes() throws {
        let folder = try TemporaryFolder()
        let newest = try stopped(in: folder).directory.checkpoint(at: 6)
        func exitCode() throws -> Int32 {
            let process = Process()
            process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            process.arguments = ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"]
            process.currentDirectoryURL = newest
            (process.standardOutput, process.standardError) = (FileHandle.nullDevice, FileHandle.nullDevice)
            try process.run()
            process.waitUntilExit()
            return process.terminationStatus
        }
        #expect(try exitCode() == 0)
        try Data("{}".utf8).write(to: newest.appendingPathComponent("state.json"))
        #expect(try exitCode() == 1)
    }
}
