import Foundation

/// A shell whose mounts nobody else sees, and which end with it.
enum MountNamespace {
    static let isAllowed: Bool = {
        guard geteuid() == 0 else { return false }
        return (try? run("mount -t tmpfs -o size=100k none /mnt").exitCode) == 0
    }()

    /// Runs lines of bash.
    static func run(_ lines: String) throws -> (exitCode: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["unshare", "--mount", "bash", "-c", lines]
        let pipe = Pipe()
        (process.standardOutput, process.standardError) = (pipe, pipe)
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
