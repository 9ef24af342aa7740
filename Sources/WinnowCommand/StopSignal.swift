import ArgumentParser
import Foundation

/// SIGINT and SIGTERM as a question that long work asks between steps. A second signal stops at once.
enum StopSignal {
    // Written by a signal handler, which may touch nothing but such a flag; read by the training thread.
    nonisolated(unsafe) private static var received: sig_atomic_t = 0

    static func listen() {
        // Whoever starts a process from a thread of a pool, as a launcher may, leaves it with signals blocked.
        var signals = sigset_t()
        sigemptyset(&signals)
        for number in [SIGINT, SIGTERM] { sigaddset(&signals, number) }
        pthread_sigmask(SIG_UNBLOCK, &signals, nil)
        for number in [SIGINT, SIGTERM] {
            signal(number) { number in
                if StopSignal.received != 0 { _exit(128 + number) }
                StopSignal.received = sig_atomic_t(number)
            }
        }
    }

    static var isReceived: Bool { received != 0 }

    /// 130 after SIGINT, 143 after SIGTERM, and where another rank got the signal.
    static var exitCode: ExitCode { ExitCode(128 + Int32(isReceived ? received : SIGTERM)) }
}
