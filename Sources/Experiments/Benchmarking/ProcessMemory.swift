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
    static var peak: Int {
        #if os(Linux)
            usage.ru_maxrss * 1024
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
