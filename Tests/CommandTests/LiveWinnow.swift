import Foundation

/// A `winnow` that runs beside the test, to be interrupted.
final class LiveWinnow {
    private let process = Process()
    private let folder: URL

    /// - Parameters:
    ///   - environment: added to this process' own.
    ///   - executable: what is started in `winnow`'s place.
    init(_ arguments: [String], environment: [String: String] = [:], executable: URL? = nil) throws {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("winnow-live-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        process.executableURL = try executable ?? WinnowProcess.executable.get()
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        let errors = folder.appendingPathComponent("errors")
        try Data().write(to: errors)
        process.standardError = try FileHandle(forWritingTo: errors)
        let output = folder.appendingPathComponent("output")
        try Data().write(to: output)
        process.standardOutput = try FileHandle(forWritingTo: output)
        try process.run()
    }

    deinit {
        if process.isRunning { kill(process.processIdentifier, SIGKILL) }
        process.waitUntilExit()
        try? FileManager.default.removeItem(at: folder)
    }

    var id: Int32 { process.processIdentifier }
    var isRunning: Bool { process.isRunning }
    var output: String { (try? String(contentsOf: folder.appendingPathComponent("output"), encoding: .utf8)) ?? "" }
    var errors: String { (try? String(contentsOf: folder.appendingPathComponent("errors"), encoding: .utf8)) ?? "" }

    func send(_ signal: Int32) { kill(process.processIdentifier, signal) }

    /// - Returns: the exit code, or minus the signal that ended it.
    @discardableResult func wait() -> Int32 {
        process.waitUntilExit()
        return process.terminationReason == .exit ? process.terminationStatus : -process.terminationStatus
    }

    /// Waits until something is so.
    ///
    /// - Throws: where it isn't within five minutes, or the process ends before.
    func wait(until isSo: () throws -> Bool) throws {
        let deadline = Date() + 300
        while try !isSo() {
            guard isRunning, Date() < deadline else {
                throw WinnowProcess.Failure(description: "winnow \(isRunning ? "took too long" : "has ended"): \(errors)")
            }
            usleep(2000)
        }
    }
}
