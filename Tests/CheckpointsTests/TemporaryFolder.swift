import Foundation

/// A folder of its own for one test, removed with it.
final class TemporaryFolder {
    let url: URL
    var path: String { url.path }

    init() throws {
        url = FileManager.default.temporaryDirectory.appendingPathComponent("checkpoints-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: url, withIntermediateDirectories: true)
    }

    deinit { try? FileManager.default.removeItem(at: url) }

    func callAsFunction(_ name: String) -> URL { url.appendingPathComponent(name) }

    @discardableResult
    func write(_ bytes: some Sequence<UInt8>, as name: String) throws -> URL {
        try Data(bytes).write(to: self(name))
        return self(name)
    }

    @discardableResult
    func write(_ text: String, as name: String) throws -> URL { try write(Array(text.utf8), as: name) }

    /// The names in the folder, hidden ones included, sorted: what a failed write must leave as it was.
    func names() throws -> [String] { try FileManager.default.contentsOfDirectory(atPath: path).sorted() }

    /// The bit patterns of the float32 values that an oracle left in `name`.f32.
    func bits(_ name: String) throws -> [UInt32] {
        try Data(contentsOf: self(name + ".f32")).withUnsafeBytes { bytes in
            (0..<bytes.count / 4).map { bytes.loadUnaligned(fromByteOffset: 4 * $0, as: UInt32.self) }
        }
    }
}

extension [Float] {
    var bits: [UInt32] { map(\.bitPattern) }
}
