import CJumpingClock
import Foundation

/// A time of day that is set again and again, as by a daemon that can't make up its mind.
public enum JumpingClock {
    /// Whether a clock can be made to jump here.
    public static var isAvailable: Bool {
        #if os(Linux)
            true
        #else
            false
        #endif
    }

    /// Does the work on this thread, to which the time of day moves by so many seconds each time that it looks.
    public static func moving(by seconds: Int, during work: () throws -> Void) rethrows {
        jumping_clock_step(seconds)
        defer { jumping_clock_step(0) }
        let (first, second) = (Date(), Date())
        precondition(abs(second.timeIntervalSince(first) - Double(seconds)) < 10, "the clock doesn't jump: \(first), \(second)")
        try work()
    }
}
