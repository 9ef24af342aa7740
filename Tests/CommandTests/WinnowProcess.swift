import Foundation

/// The `winnow` executable that was built with the tests, run as a user runs it.
struct WinnowProcess {
    let exitCode: Int32
    let output: String
    let errors: String

    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// - Parameter environment: added to this process' own.
    /// - Throws: `Failure` where the executable isn't beside the tests.
    init(_ arguments: String..., environment: [String: String] = [:]) throws {
        try self.init(arguments, environment: environment)
    }

    init(_ arguments: [String], environment: [String: String] = [:]) throws {
        let process = Process()
        process.executableURL = try Self.executable.get()
        process.arguments = arguments
        process.environment = ProcessInfo.processInfo.environment.merging(environment) { $1 }
        process.standardInput = FileHandle.nullDevice
        // Files, not pipes: nobody has to read while it runs.
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("winnow-process-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: folder) }
        func file(_ name: String) throws -> (URL, FileHandle) {
            let url = folder.appendingPathComponent(name)
            try Data().write(to: url)
            return (url, try FileHandle(forWritingTo: url))
        }
        let (outputURL, outputFile) = try file("output")
        let (errorURL, errorFile) = try file("errors")
        (process.standardOutput, process.standardError) = (outputFile, errorFile)
        try process.run()
        process.waitUntilExit()
        exitCode = process.terminationStatus
        output = try String(contentsOf: outputURL, encoding: .utf8)
        errors = try String(contentsOf: errorURL, encoding: .utf8)
    }

    /// The only line of `output`, or all of it, as JSON.
    func decoded<Value: Decodable>(_: Value.Type = Value.self) throws -> Value {
        guard exitCode == 0 else { throw Failure(description: "winnow exited with \(exitCode): \(errors)") }
        return try JSONDecoder().decode(Value.self, from: Data(output.utf8))
    }

    /// Beside the bundle of the tests: its executable is this process or, on macOS, lies three folders deeper.
    static let executable = Result<URL, any Error> {
        var folder = URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
        for _ in 0..<4 {
            let candidate = folder.appendingPathComponent("winnow")
            if FileManager.default.isExecutableFile(atPath: candidate.path) { return candidate }
            folder.deleteLastPathComponent()
        }
        throw Failure(
            description: "no winnow executable beside \(CommandLine.arguments[0]): build it with `swift build --build-tests`")
    }
}
