import ArgumentParser
import Foundation

/// Lets work end in good order when the user or the system asks for it.
enum SignalCancellation {
    /// Runs `work` in a task that SIGINT or SIGTERM cancels.
    ///
    /// - Throws: what `work` throws; the exit code 128 + signal (130, 143) where it gave way to one.
    static func run<Result: Sendable>(_ work: @escaping @Sendable () async throws -> Result) async throws -> Result {
        let task = Task { try await work() }
        let received = ReceivedSignal()
        let sources = [SIGINT, SIGTERM].map { number in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number)
            source.setEventHandler {
                received.number = number
                task.cancel()
            }
            source.resume()
            return (number, source)
        }
        defer {
            for (number, source) in sources {
                source.cancel()
                signal(number, SIG_DFL)
            }
        }
        do {
            return try await task.value
        } catch is CancellationError {
            throw received.number.map { ExitCode(128 + $0) } ?? ExitCode.failure
        }
    }
}

/// The last signal that arrived.
private final class ReceivedSignal: @unchecked Sendable {
    // @unchecked: the lock guards the value.
    private let lock = NSLock()
    private var value: Int32?

    var number: Int32? {
        get { lock.withLock { value } }
        set { lock.withLock { value = newValue } }
    }
}
