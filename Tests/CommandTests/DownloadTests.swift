import Foundation
import Testing

/// What the set-up's scripts keep of what they fetch: `scripts/lib.sh`, as every one of them sources it.
@Suite struct DownloadTests {
    private let cache = FileManager.default.temporaryDirectory.appendingPathComponent("winnow-cache-\(UUID().uuidString)")
    private static let library = URL(fileURLWithPath: #filePath).appendingPathComponent("../../../scripts/lib.sh").standardized

    /// The one file that is pinned and that every machine which runs the tests has.
    private func pinnedFile() throws -> (path: String, bytes: Data) {
        let path = "plotly/7.1.0/plotly.min.js"
        let file = try #require(ProcessInfo.processInfo.environment["WINNOW_PLOTLY"], "run the tests with `make test`")
        return (path, try Data(contentsOf: URL(fileURLWithPath: file)))
    }

    /// Lets `keep` take a download of these bytes into an empty cache.
    private func keep(_ bytes: Data, as path: String) throws -> (status: Int32, message: String, kept: Data?) {
        let download = cache.appendingPathComponent("plotly/.incoming/download")
        try FileManager.default.createDirectory(at: download.deletingLastPathComponent(), withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: cache) }
        try bytes.write(to: download)
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = ["bash", "-c", "source \"$1\"; keep \"$2\" \"$3\"", "keep", Self.library.path, download.path, path]
        process.environment = ProcessInfo.processInfo.environment.merging(["WINNOW_CACHE": cache.path]) { $1 }
        let errors = Pipe()
        process.standardError = errors
        try process.run()
        let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
        process.waitUntilExit()
        return (process.terminationStatus, message, try? Data(contentsOf: cache.appendingPathComponent(path)))
    }

    @Test func whatIsPinnedIsKept() throws {
        let (path, bytes) = try pinnedFile()
        let outcome = try keep(bytes, as: path)
        #expect(outcome.status == 0 && outcome.kept == bytes, "\(outcome.message)")
    }

    /// A bit flipped, the end missing, nothing at all.
    @Test(arguments: [0, 1, 2]) func whatIsNotIsRefusedAndNothingStays(damage: Int) throws {
        var (path, bytes) = try pinnedFile()
        switch damage {
        case 0: bytes[bytes.count / 2] ^= 1
        case 1: bytes.removeLast()
        default: bytes.removeAll()
        }
        let outcome = try keep(bytes, as: path)
        #expect(outcome.status == 1 && outcome.kept == nil)
        #expect(outcome.message.contains("is not the file that scripts/checksums.sha256 pins"))
    }

    /// A path without a pin has the empty digest, which no file has.
    @Test func whatIsNotPinnedIsRefused() throws {
        let outcome = try keep(Data(), as: "plotly/other.js")
        #expect(outcome.status == 1 && outcome.kept == nil)
    }
}
