import Foundation

/// A line on stderr that says how far something is, redrawn in place; nothing where stderr is no terminal.
final class ProgressLine: @unchecked Sendable {
    // @unchecked: the lock guards what changes.
    private let lock = NSLock()
    private let start = ContinuousClock.now
    private var lastDrawn: ContinuousClock.Instant?
    private let isTerminal = isatty(STDERR_FILENO) == 1

    private static let width = 24
    private static let interval = Duration.milliseconds(100)

    /// - Parameters:
    ///   - fraction: how much is done, 0 … 1.
    ///   - detail: what stands after the bar: counts and rates.
    func update(fraction: Double, detail: (_ elapsed: Duration) -> String) {
        guard isTerminal else { return }
        lock.withLock {
            let now = ContinuousClock.now
            if let lastDrawn, now - lastDrawn < Self.interval, fraction < 1 { return }
            lastDrawn = now
            let elapsed = now - start
            let filled = Int((fraction * Double(Self.width)).rounded())
            let bar = String(repeating: "█", count: filled) + String(repeating: "░", count: Self.width - filled)
            write("\r\(bar) \(Int(fraction * 100)) %  \(detail(elapsed))\(remaining(fraction, elapsed))\u{1B}[K")
        }
    }

    /// Takes the line away, so that what is printed next stands at the margin.
    func clear() {
        guard isTerminal else { return }
        lock.withLock { write("\r\u{1B}[K") }
    }

    private func remaining(_ fraction: Double, _ elapsed: Duration) -> String {
        guard fraction > 0.02, fraction < 1 else { return "" }
        let seconds = Int((elapsed / .seconds(1) * (1 - fraction) / fraction).rounded(.up))
        return seconds < 60 ? "  \(seconds) s left" : "  \(seconds / 60) min \(seconds % 60) s left"
    }

    private func write(_ text: String) { FileHandle.standardError.write(Data(text.utf8)) }
}
