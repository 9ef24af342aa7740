import Foundation
import ModelFixtures
import Testing
import Winnow

/// Disks that fill up, and that can't be written, on small file systems of their own. Mounting takes root and Linux.
@Suite(.enabled(if: MountNamespace.isAllowed, "mounting a file system takes root")) struct FullDiskTests {
    /// The disk fills up somewhere: with the first checkpoint, among the metrics, at the end. The run says so, and with more
    /// room it goes on to the same bits.
    @Test(arguments: [60, 300, 450, 600, 800]) func aRunThatFilledTheDiskGoesOn(kilobytes: Int) async throws {
        let tiny = try await TinyRun(steps: 60, wholeModel: true)
        let winnow = try WinnowProcess.executable.get().path
        #expect(try WinnowProcess(tiny.command("whole")).exitCode == 0)
        let disk = tiny.folder.file("disk").path
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        let found = try MountNamespace.run(
            """
            mount -t tmpfs -o size=\(kilobytes)k none \(disk) || exit 99
            \(winnow) train \(tiny.recipe) --output \(disk)/run
            echo "first: $?"
            mount -o remount,size=20m \(disk)
            again=$([ -e \(disk)/run/manifest.json ] && echo --resume)
            \(winnow) train \(tiny.recipe) --output \(disk)/run $again
            echo "second: $?"
            cp -r \(disk)/run \(tiny.folder.file("run").path)
            """)
        #expect(found.output.contains("first: 1") && found.output.contains("second: 0"), "\(found.output)")
        #expect(found.output.contains("No space left on device"), "\(found.output)")
        #expect(!found.output.contains("Fatal error"))
        #expect(try TinyRun.differences(tiny.directory("run"), tiny.directory("whole")) == [])
    }

    @Test func aDiskThatCanOnlyBeReadIsNamed() async throws {
        let tiny = try await TinyRun(steps: 3)
        let winnow = try WinnowProcess.executable.get().path
        let disk = tiny.folder.file("disk").path
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        let found = try MountNamespace.run(
            """
            mount -t tmpfs none \(disk) || exit 99
            \(winnow) train \(tiny.recipe) --output \(disk)/run
            mount -o remount,ro \(disk)
            \(winnow) train \(tiny.recipe) --output \(disk)/other
            echo "new: $?"
            mount -o remount,rw \(disk) && mkdir \(disk)/empty && mount -o remount,ro \(disk)
            \(winnow) train \(tiny.recipe) --output \(disk)/empty
            echo "empty: $?"
            \(winnow) train \(tiny.recipe) --output \(disk)/run --resume
            echo "resumed: $?"
            """)
        for start in ["new", "empty", "resumed"] { #expect(found.output.contains("\(start): 1"), "\(found.output)") }
        #expect(found.output.components(separatedBy: "Error: cannot write \(disk)").count == 4, "\(found.output)")
    }

    /// A sentence, and nothing of the corpus stays.
    @Test func aCorpusThatFilledTheDiskIsGone() throws {
        let folder = try TemporaryFolder()
        let text = (0..<40_000).map { "Line \($0) of some text that is unlike the others." }.joined(separator: "\n")
        try Data(text.utf8).write(to: folder.file("text.txt"))
        let (winnow, disk) = (try WinnowProcess.executable.get().path, folder.file("disk").path)
        try FileManager.default.createDirectory(atPath: disk, withIntermediateDirectories: true)
        let found = try MountNamespace.run(
            """
            mount -t tmpfs -o size=300k none \(disk) || exit 99
            \(winnow) prepare \(folder.file("text.txt").path) --validation-every 9 --output \(disk)/shards
            echo "exit: $?"
            echo "left: $(ls -A \(disk) | wc -l)"
            """)
        #expect(found.output.contains("exit: 1") && found.output.contains("left: 0"), "\(found.output)")
        let sentence = "train.tokens: cannot be written"
        #expect(found.output.contains(sentence) && found.output.contains("enough space.\n"), "\(found.output)")
        #expect(!found.output.contains("Domain="), "\(found.output)")
    }
}
