import Foundation

/// Runs a Python oracle (transformers, PEFT, tokenizers, numpy) that a test compares Winnow with.
///
/// `make test` installs the pinned peers and says where they are in `WINNOW_PEERS`; without it the test fails
/// and says so, because a comparison that is skipped proves nothing.
public enum PeerProcess {
    public struct Failure: Error, CustomStringConvertible {
        public let description: String

        public init(description: String) { self.description = description }
    }

    /// Where the pinned Python packages are installed.
    public static func packages() throws -> String {
        guard let folder = ProcessInfo.processInfo.environment["WINNOW_PEERS"], !folder.isEmpty else {
            throw Failure(description: "WINNOW_PEERS is not set: run the tests with `make test`, which installs the Python peers")
        }
        return folder
    }

    /// Runs `script` (a path) with `arguments` and returns its standard output.
    @discardableResult
    public static func run(_ script: String, _ arguments: [String] = []) throws -> String {
        var environment = ProcessInfo.processInfo.environment
        environment["PYTHONPATH"] = try packages()
        environment["HF_HUB_OFFLINE"] = "1"
        environment["PYTHONDONTWRITEBYTECODE"] = "1"
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = [environment["WINNOW_PYTHON"] ?? "python3", script] + arguments
        process.environment = environment
        let output = FileManager.default.temporaryDirectory.appendingPathComponent("peer-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: output) }
        _ = FileManager.default.createFile(atPath: output.path, contents: nil)
        let errors = output.appendingPathExtension("err")
        _ = FileManager.default.createFile(atPath: errors.path, contents: nil)
        defer { try? FileManager.default.removeItem(at: errors) }
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: errors)
        try process.run()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let message = (try? String(contentsOf: errors, encoding: .utf8)) ?? ""
            throw Failure(description: "\(script) exited \(process.terminationStatus): \(message.suffix(4000))")
        }
        return try String(contentsOf: output, encoding: .utf8)
    }

    /// The file beside the calling test: `oracle("gradients.py")`.
    public static func oracle(_ name: String, file: String = #filePath) -> String {
        URL(fileURLWithPath: file).deletingLastPathComponent().appendingPathComponent("Oracles").appendingPathComponent(name).path
    }
}
