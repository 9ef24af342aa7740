import Foundation

/// A headless Chromium that opens a page from disk and says what became of it.
struct Browser {
    struct Missing: Error, CustomStringConvertible {
        let description = "no Chromium on PATH: run the tests with `make test`, which installs it, or name one in WINNOW_CHROMIUM"
    }

    struct Failed: Error, CustomStringConvertible {
        let description: String
    }

    enum Scheme: Int {
        case dark = 0
        case light = 1
    }

    /// The page after its scripts ran, and what they wrote to the console.
    struct Visit {
        var document: String
        var console: [String]
    }

    let executable: URL
    /// Lets a page look into a frame that holds another file.
    let allowsFileAccess: Bool

    init(allowingFileAccess: Bool = false) throws {
        allowsFileAccess = allowingFileAccess
        let environment = ProcessInfo.processInfo.environment
        let folders = (environment["PATH"] ?? "").split(separator: ":").map(String.init)
        let names = ["chromium", "chromium-headless-shell", "chromium-browser", "google-chrome"]
        let candidates =
            [environment["WINNOW_CHROMIUM"]].compactMap { $0 } + names.flatMap { name in folders.map { "\($0)/\(name)" } }
        guard let found = candidates.first(where: FileManager.default.isExecutableFile(atPath:)) else { throw Missing() }
        executable = URL(fileURLWithPath: found)
    }

    /// Opens a page and returns it as the scripts left it.
    func visit(_ page: URL, scheme: Scheme = .light, width: Int = 1200) throws -> Visit {
        let (output, log) = try run(["--dump-dom", page.absoluteString], scheme: scheme, width: width, height: 900)
        let console = log.split(separator: "\n").filter { $0.contains(":CONSOLE") }.map(String.init)
        return Visit(document: output, console: console)
    }

    /// Takes a picture of the top `height` pixels.
    func screenshot(_ page: URL, to file: URL, scheme: Scheme, width: Int, height: Int) throws {
        _ = try run(
            ["--screenshot=\(file.path)", "--hide-scrollbars", page.absoluteString], scheme: scheme, width: width, height: height)
    }

    /// Prints a page that is open in the dark, which paper has to undo.
    func pdf(_ page: URL, to file: URL) throws {
        _ = try run(["--print-to-pdf=\(file.path)", page.absoluteString], scheme: .dark, width: 1200, height: 900)
    }

    private func run(_ arguments: [String], scheme: Scheme, width: Int, height: Int) throws -> (output: String, log: String) {
        let scratch = try TemporaryDirectory()
        let (output, log) = (scratch.url.appendingPathComponent("out"), scratch.url.appendingPathComponent("log"))
        for file in [output, log] { try Data().write(to: file) }
        let process = Process()
        process.executableURL = executable
        process.arguments =
            [
                "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--enable-logging=stderr", "--v=0",
                "--user-data-dir=\(scratch.url.appendingPathComponent("profile").path)", "--virtual-time-budget=10000",
                "--blink-settings=preferredColorScheme=\(scheme.rawValue)", "--window-size=\(width),\(height)",
            ] + (allowsFileAccess ? ["--allow-file-access-from-files"] : []) + arguments
        process.standardOutput = try FileHandle(forWritingTo: output)
        process.standardError = try FileHandle(forWritingTo: log)
        try process.run()
        process.waitUntilExit()
        let logText = String(decoding: try Data(contentsOf: log), as: UTF8.self)
        guard process.terminationStatus == 0 else {
            throw Failed(description: "\(executable.path) exited \(process.terminationStatus): \(logText.suffix(2000))")
        }
        return (String(decoding: try Data(contentsOf: output), as: UTF8.self), logText)
    }
}
