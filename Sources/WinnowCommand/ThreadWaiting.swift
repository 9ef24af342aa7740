import Foundation

/// How long threads that wait for each other spin before they sleep.
///
/// libgomp's default is so long that on a busy machine the waiting threads keep the working ones from being scheduled: a
/// training step took up to twenty times as long. After 5000 turns, some microseconds, it costs 3 % on a quiet machine and
/// takes most of that away (docs/ExperimentLog.md, 2026-11-23).
enum ThreadWaiting {
    /// Starts the process anew with the setting, since libgomp reads it before `main`. Returns where that is done, where the
    /// user has chosen, and where it can't be.
    static func shorten() {
        #if os(Linux)
            guard getenv("GOMP_SPINCOUNT") == nil, getenv("OMP_WAIT_POLICY") == nil else { return }
            setenv("GOMP_SPINCOUNT", "5000", 1)
            _ = execv("/proc/self/exe", CommandLine.unsafeArgv)
        #endif
    }
}
