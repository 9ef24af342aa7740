import Foundation

/// Compiled kernels on disk, by what decides them: the source, the architecture, the compiler.
///
/// In `kernels/` of the cache that the set-up uses. What can't be read is compiled, what can't be written is compiled again
/// next time: a cache is no reason to fail.
package struct CompiledKernels {
    let folder: URL

    init(environment: [String: String] = ProcessInfo.processInfo.environment) {
        func path(_ key: String) -> String? { environment[key].flatMap { $0.isEmpty ? nil : $0 } }
        let home = path("HOME") ?? FileManager.default.homeDirectoryForCurrentUser.path
        let cache = path("WINNOW_CACHE") ?? (path("XDG_CACHE_HOME") ?? home + "/.cache") + "/winnow"
        folder = URL(fileURLWithPath: cache).appendingPathComponent("kernels")
    }

    package init(folder: URL) { self.folder = folder }

    /// - Throws: what compiling throws.
    package func image(of source: String, named name: String, for architecture: String, compiler: String) throws -> Data {
        let key = String(Self.digest(of: source), radix: 16)
        let file = folder.appendingPathComponent("\(name)-\(key)-\(architecture)-nvrtc\(compiler).cubin")
        if let image = try? Data(contentsOf: file), Self.isELF(image) { return image }
        let image = try RuntimeCompiler.compile(source, name: name, for: architecture)
        try? FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        try? image.write(to: file, options: .atomic)
        return image
    }

    /// A cubin is an ELF file; a damaged cache isn't handed to the driver.
    private static func isELF(_ image: Data) -> Bool { image.starts(with: [0x7f, 0x45, 0x4c, 0x46]) }

    /// FNV-1a, 64 bits: tells sources apart, and guards against nothing else.
    private static func digest(of text: String) -> UInt64 {
        text.utf8.reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
    }
}
