import Foundation

#if canImport(Glibc)
    import Glibc
#else
    import Darwin
#endif

/// What the kernel counts of this process.
enum ProcessMemory {
    /// Page faults that needed no disk, since the process began: memory that was taken anew.
    static var pageFaults: Int { usage.ru_minflt }

    /// The largest resident size so far, in bytes.
    ///
    /// On Linux this is VmHWM. `ru_maxrss` isn't it: a process inherits it through `exec`, so a small program started by a large
    /// one seems as large.
    static var peak: Int {
        #if os(Linux)
            let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
            let line = status.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
            let kibibytes = line?.split(whereSeparator: \.isWhitespace).dropFirst().first.flatMap { Int($0) }
            return kibibytes.map { $0 * 1024 } ?? usage.ru_maxrss * 1024
        #else
            usage.ru_maxrss
        #endif
    }

    private static var usage: rusage {
        var usage = rusage()
        #if canImport(Glibc)
            getrusage(__rusage_who_t(RUSAGE_SELF.rawValue), &usage)
        #else
            getrusage(RUSAGE_SELF, &usage)
        #endif
        return usage
    }
}
