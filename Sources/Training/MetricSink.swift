import RunRecords

/// Something that listens to a run: a log file, a progress bar.
public protocol MetricSink: AnyObject {
    func record(_ line: MetricsLine) throws
    /// Waits until what was recorded is on the disk; a checkpoint is written after.
    func synchronize() throws
}

extension MetricSink {
    public func synchronize() throws {}
}

/// Writes `metrics.jsonl`.
public final class LogSink: MetricSink {
    private let log: MetricsLog
    public init(_ log: MetricsLog) { self.log = log }
    public func record(_ line: MetricsLine) throws { try log.append(line) }
    public func synchronize() throws { try log.synchronize() }
}

/// Hands each line to a closure.
public final class ClosureSink: MetricSink {
    private let body: (MetricsLine) throws -> Void
    public init(_ body: @escaping (MetricsLine) throws -> Void) { self.body = body }
    public func record(_ line: MetricsLine) throws { try body(line) }
}
