import Foundation
import RunRecords
import Testing

@Suite struct RunDirectoryTests {
    @Test func aNewRunNeedsAnEmptyDirectory() throws {
        let parent = try TemporaryDirectory()
        _ = try RunDirectory.open(parent.file("fresh/run"), .new)
        try parent.write("x", to: "fresh/run/notes.txt")
        #expect(throws: RunRecordError.directoryNotEmpty(parent.file("fresh/run").path)) {
            try RunDirectory.open(parent.file("fresh/run"), .new)
        }
    }

    @Test func resumingNeedsARun() throws {
        let parent = try TemporaryDirectory()
        #expect(throws: RunRecordError.nothingToResume(parent.url.path)) { try RunDirectory.open(parent.url, .resume) }
        try parent.write("{}", to: RunDirectory.manifestName)
        _ = try RunDirectory.open(parent.url, .resume)
    }

    @Test func overwritingDeletesWhatARunLeftAndNothingElse() throws {
        let parent = try TemporaryDirectory()
        for name in [
            RunDirectory.manifestName, RunDirectory.metricsName, RunDirectory.recipeName, "adapter_model.safetensors",
            "events.out.tfevents.1", "token-losses-noisy.safetensors", "token-losses-noisy-step-7.safetensors",
            "selections.bin", "notes.txt",
        ] { try parent.write("x", to: name) }
        try FileManager.default.createDirectory(at: parent.file("checkpoint-10"), withIntermediateDirectories: false)
        _ = try RunDirectory.open(parent.url, .overwrite)
        let left = try FileManager.default.contentsOfDirectory(atPath: parent.url.path)
        #expect(Set(left) == ["notes.txt", DirectoryLock.fileName])
    }

    @Test func overwritingRefusesADirectoryThatIsNotARun() throws {
        let parent = try TemporaryDirectory()
        try parent.write("precious", to: "recipe.yaml")
        #expect(throws: RunRecordError.notARunDirectory(parent.url.path)) { try RunDirectory.open(parent.url, .overwrite) }
        #expect(FileManager.default.fileExists(atPath: parent.file("recipe.yaml").path))
    }

    /// A kill before the manifest is in its place leaves a directory that a run can begin in.
    @Test(arguments: [RunDirectory.Opening.new, .overwrite]) func whatAKillLeftIsNoObstacle(opening: RunDirectory.Opening) throws
    {
        let parent = try TemporaryDirectory()
        for name in [DirectoryLock.fileName, ".manifest.json.123.partial"] { try parent.write("x", to: name) }
        // Of an earlier run: were it left, this one would go on from it.
        try FileManager.default.createDirectory(at: parent.file(".checkpoint-6.17.partial"), withIntermediateDirectories: false)
        try parent.write("x", to: ".checkpoint-6.17.partial/state.json")
        let directory = try RunDirectory.open(parent.url, opening)
        #expect(try directory.unfinishedWrites().isEmpty)
        #expect(try FileManager.default.contentsOfDirectory(atPath: parent.url.path) == [DirectoryLock.fileName])
    }

    @Test func aLockIsNotWrittenThroughALink() throws {
        let parent = try TemporaryDirectory()
        try parent.write("precious", to: "elsewhere")
        try FileManager.default.createSymbolicLink(
            at: parent.file(DirectoryLock.fileName), withDestinationURL: parent.file("elsewhere"))
        #expect(throws: RunRecordError.self) { try DirectoryLock(parent.url) }
        #expect(try String(contentsOf: parent.file("elsewhere"), encoding: .utf8) == "precious")
    }

    @Test(arguments: [RunDirectory.Opening.resume, .overwrite])
    func aDirectoryThatIsWorkedInIsRefused(opening: RunDirectory.Opening) throws {
        let parent = try TemporaryDirectory()
        try parent.write("{}", to: RunDirectory.manifestName)
        var lock: DirectoryLock? = try DirectoryLock(parent.url)
        #expect(throws: RunRecordError.directoryInUse(directory: parent.url.path, process: Int(getpid()))) {
            try RunDirectory.open(parent.url, opening)
        }
        #expect(FileManager.default.fileExists(atPath: parent.file(RunDirectory.manifestName).path))
        withExtendedLifetime(lock) {}
        lock = nil
        _ = try RunDirectory.open(parent.url, opening)
    }

    @Test func checkpointsAreFoundByStep() throws {
        let parent = try TemporaryDirectory()
        let directory = RunDirectory(parent.url)
        for step in [100, 20, 3] {
            try FileManager.default.createDirectory(at: directory.checkpoint(at: step), withIntermediateDirectories: false)
        }
        try parent.write("x", to: "checkpoint-half")
        #expect(try directory.checkpointSteps() == [3, 20, 100])
    }

    @Test func tokenLossesAreFoundByStep() throws {
        let parent = try TemporaryDirectory()
        let directory = RunDirectory(parent.url)
        for (split, step) in [("noisy", 20), ("held-out", 3), ("noisy", 3), ("noisy", 100)] {
            try parent.write("x", to: directory.tokenLosses(on: split, step: step).lastPathComponent)
        }
        try parent.write("x", to: directory.tokenLosses(on: "noisy").lastPathComponent)
        let found = try directory.checkpointTokenLosses()
        #expect(found.map(\.step) == [3, 3, 20, 100])
        #expect(found.map(\.split) == ["held-out", "noisy", "noisy", "noisy"])
        #expect(found.map(\.url.lastPathComponent)[1] == "token-losses-noisy-step-3.safetensors")
    }
}
