import Foundation

/// Where the time of some work goes, by operator: every call into libtorch and into `RowKernels` that the work makes.
///
/// A call counts without what is called inside it, so that backward passes written in Swift are not counted twice. It means something on
/// the CPU alone, where an operator is done when it returns. While no clock is recording, a call costs one look at a task-local value.
// Its state is reached under the lock alone.
package final class OperatorClock: @unchecked Sendable {
    /// Calls that count together.
    package struct Call: Hashable, Sendable {
        /// `aten::mm`, or the row kernel's name.
        package let name: String
        /// Of the tensors among the first two arguments.
        package let shapes: [[Int]]
    }

    package struct Total: Sendable, Equatable {
        package var seconds = 0.0
        package var calls = 0
    }

    private struct State {
        var totals: [Call: Total] = [:]
        /// For each call that is under way, the seconds of those inside it.
        var inside: [Double] = []
    }

    @TaskLocal private static var recording: OperatorClock?
    private let lock = NSLock()
    private var state = State()

    package init() {}

    package var totals: [Call: Total] { lock.withLock { state.totals } }

    /// Counts the calls that `body` makes on this thread.
    package func record<Result>(_ body: () throws -> Result) rethrows -> Result {
        try Self.$recording.withValue(self, operation: body)
    }

    /// A call, timed if someone asks.
    static func time<Result>(_ name: String, _ shapes: @autoclosure () -> [[Int]], _ body: () throws -> Result) rethrows -> Result
    {
        guard let clock = recording else { return try body() }
        let call = Call(name: name, shapes: shapes())
        clock.lock.withLock { clock.state.inside.append(0) }
        let start = ContinuousClock.now
        defer { clock.finish(call, after: (ContinuousClock.now - start) / .seconds(1)) }
        return try body()
    }

    private func finish(_ call: Call, after seconds: Double) {
        lock.withLock {
            let inside = state.inside.removeLast()
            state.totals[call, default: Total()].seconds += seconds - inside
            state.totals[call]!.calls += 1
            if let outer = state.inside.indices.last { state.inside[outer] += seconds }
        }
    }
}
