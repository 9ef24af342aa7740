/// When time asks for a checkpoint: so many seconds after the last, and no sooner than twenty times what that one took.
struct CheckpointClock {
    let seconds: Double
    private var last = ContinuousClock.now
    private var cost = 0.0

    init(seconds: Double) { self.seconds = seconds }

    var isDue: Bool { Self.elapsed(since: last) >= max(seconds, 20 * cost) }

    /// Starts anew with what `write` takes.
    mutating func timing(_ write: () throws -> Void) rethrows {
        let start = ContinuousClock.now
        try write()
        (last, cost) = (.now, Self.elapsed(since: start))
    }

    private static func elapsed(since start: ContinuousClock.Instant) -> Double { (ContinuousClock.now - start) / .seconds(1) }
}
