import Foundation

/// Linux's `/proc`, where the kernel says what the machine and this process are.
enum KernelFile {
    /// The lines of a file under `/proc`; empty on systems without it.
    ///
    /// Read to the end by hand: such a file claims no size and comes in short reads, at the first of which
    /// `String(contentsOfFile:)` stops.
    static func lines(_ path: String) -> [String] {
        guard let file = FileHandle(forReadingAtPath: path), let data = try? file.readToEnd() else { return [] }
        return String(decoding: data, as: UTF8.self).components(separatedBy: "\n")
    }

    /// The path that the loader chose for a shared library of this process, e.g. `libtorch_cpu.so`.
    static func loadedLibrary(_ name: String) -> String? {
        // address, permissions, offset, device, inode, path
        lines("/proc/self/maps").first { $0.hasSuffix("/" + name) }
            .flatMap { $0.split(separator: " ", maxSplits: 5, omittingEmptySubsequences: true).last }
            .map { $0.trimmingCharacters(in: .whitespaces) }
    }

    /// What the first processor is called; `nil` where the kernel doesn't say.
    static func processorName() -> String? {
        lines("/proc/cpuinfo").first { $0.hasPrefix("model name") }?.split(separator: ":").last
            .map { $0.trimmingCharacters(in: .whitespaces) }
    }

    /// What the first processor can do, in the kernel's words: `avx2`, `asimd`, ….
    static func processorFeatures() -> Set<String> {
        let line = lines("/proc/cpuinfo").first { $0.hasPrefix("flags") || $0.hasPrefix("Features") } ?? ""
        return Set(line.split(separator: " ").map(String.init))
    }
}
