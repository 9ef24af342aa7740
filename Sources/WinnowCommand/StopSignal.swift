import ArgumentParser
import Foundation

/// SIGINT and SIGTERM as a question that long work asks between steps. A second signal stops at once.
enum StopSignal {
    // Written by a signal handler, which may touch nothing but such a flag; read by the training thread.
    nonisolated(unsafe) private static var received: sig_atomic_t = 0

    static func listen() {
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
