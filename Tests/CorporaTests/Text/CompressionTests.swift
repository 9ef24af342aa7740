import Corpora
import Foundation
import Testing

/// What the system's tools and Python's gzip wrote is read; what is cut or altered is refused.
@Suite struct CompressionTests {
    let folder = try! TemporaryFolder()

    /// Half a megabyte that compresses neither too well nor not at all.
    static let text = (0..<20_000).map { "line \($0 &* 2_654_435_761 % 1_000_003): naïve 数学\n" }.joined()

    @discardableResult
    func shell(_ command: String) throws -> Int32 {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/bin/sh")
        process.arguments = ["-c", "cd '\(folder.url.path)' && \(command)"]
        try process.run()
        process.waitUntilExit()
        return process.terminationStatus
    }

    func prepared(_ name: String) async throws -> [String] {
        try await Prepared([folder.url.appendingPathComponent(name)], in: folder).train
    }

    @Test(arguments: [
        ("gzip -k a.txt", "a.txt.gz"), ("gzip -k1 a.txt", "a.txt.gz"),
        ("python3 -c \"import gzip; gzip.open('p.txt.gz', 'w').write(open('a.txt', 'rb').read())\"", "p.txt.gz"),
        ("split -n 3 a.txt && cat xaa | gzip > m.txt.gz && gzip -c xab >> m.txt.gz && gzip -c xac >> m.txt.gz", "m.txt.gz"),
        ("zstd -q a.txt", "a.txt.zst"), ("zstd -q --ultra -22 --no-check a.txt", "a.txt.zst"),
        ("split -n 2 a.txt && zstd -qc xaa > m.txt.zst && zstd -qc xab >> m.txt.zst", "m.txt.zst"),
        ("cat a.txt | zstd -q -3 --no-content-size > s.txt.zst", "s.txt.zst"),
    ])
    func packedTextIsRead(command: String, name: String) async throws {
        try folder.write(Self.text, to: "a.txt")
        try #require(try shell(command) == 0, "\(command) needs gzip, zstd and python3")
        #expect(try await prepared(name) == [Self.text])
    }

    @Test(arguments: ["gz", "zst"])
    func everyTruncationIsRefused(suffix: String) async throws {
        try folder.write(Self.text, to: "a.txt")
        try #require(try shell(suffix == "gz" ? "gzip -k a.txt" : "zstd -q a.txt") == 0)
        let whole = try Data(contentsOf: folder.url.appendingPathComponent("a.txt.\(suffix)"))
        for length in [0, 1, 2, 9, 10, 11, 17, 18, 100, whole.count / 2, whole.count - 5, whole.count - 1] {
            let file = try folder.write(whole.prefix(length), to: "cut.txt.\(suffix)")
            guard case .damagedCompression(file.path, _) = await failure([file], in: folder) else {
                Issue.record("\(length) of \(whole.count) bytes were taken")
                continue
            }
        }
    }

    @Test(arguments: ["gz", "zst"])
    func damageIsRefused(suffix: String) async throws {
        try folder.write(Self.text, to: "a.txt")
        try #require(try shell(suffix == "gz" ? "gzip -k a.txt" : "zstd -q a.txt") == 0)
        let whole = try Data(contentsOf: folder.url.appendingPathComponent("a.txt.\(suffix)"))
        for offset in [0, whole.count / 3, whole.count - 2] {
            var altered = whole
            altered[offset] ^= 0x55
            let file = try folder.write(altered, to: "altered.txt.\(suffix)")
            guard case .damagedCompression(file.path, _) = await failure([file], in: folder) else {
                Issue.record("byte \(offset) was altered unnoticed")
                continue
            }
        }
    }

    /// A frame of a few bytes whose header asks for a window of 128 MiB.
    @Test func aWindowFarLargerThanTheFileIsRefused() async throws {
        try #require(try shell("echo hello | zstd -q --long=27 --zstd=wlog=27 -c > window.txt.zst") == 0)
        let file = folder.url.appendingPathComponent("window.txt.zst")
        guard case .damagedCompression(file.path, let reason) = await failure([file], in: folder) else {
            Issue.record("a window of 128 MiB was given to a tiny file")
            return
        }
        #expect(reason.contains("memory"))
    }

    @Test(arguments: ["gz", "zst"])
    func aBombIsRefused(suffix: String) async throws {
        let packer = suffix == "gz" ? "gzip" : "zstd -q"
        try #require(try shell("head -c 100000000 /dev/zero | tr '\\0' 'a' | \(packer) > bomb.txt.\(suffix)") == 0)
        let file = folder.url.appendingPathComponent("bomb.txt.\(suffix)")
        guard case .expandsTooMuch(file.path, _, 64 << 20) = await failure([file], in: folder) else {
            Issue.record("100 MB came out of a tiny file")
            return
        }
    }
}
