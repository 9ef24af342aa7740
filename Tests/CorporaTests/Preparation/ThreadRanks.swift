import Corpora
import Foundation

/// Ranks in one process, which meet in memory.
final class ThreadRanks: PreparationRanks {
    let rank: Int
    var count: Int { table.count }
    private let table: Table

    private init(_ rank: Int, _ table: Table) { (self.rank, self.table) = (rank, table) }

    struct Disagreement: Error {}

    func agree(on facts: [String: String]) throws {
        let lines = facts.sorted { $0.key < $1.key }.map { "\($0)=\($1)\n" }.joined()
        guard Set(table.exchange(Array(lines.utf8), from: rank)).count == 1 else { throw Disagreement() }
    }

    func sum(_ values: [Int]) -> [Int] {
        let all = table.exchange(values.withUnsafeBytes(Array.init), from: rank).map { bytes in
            bytes.withUnsafeBytes { bytes in (0..<values.count).map { bytes.loadUnaligned(fromByteOffset: 8 * $0, as: Int.self) }
            }
        }
        return values.indices.map { place in all.reduce(0) { $0 &+ $1[place] } }
    }

    func gather(_ bytes: [UInt8]) -> [[UInt8]] {
        let all = table.exchange(bytes, from: rank)
        return rank == 0 ? all : []
    }

    func broadcast(_ bytes: [UInt8]) -> [UInt8] { table.exchange(bytes, from: rank)[0] }

    /// Runs `body` on every rank at once, each on a thread of its own, since a request blocks it.
    ///
    /// - Returns: what each gave, by rank.
    @available(macOS 15, *)
    static func run<Value: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (ThreadRanks) async throws -> Value
    ) async throws -> [Value] {
        let table = Table(count: count)
        let threads = (0..<count).map { _ in OwnThread() }
        defer { withExtendedLifetime(threads) {} }
        return try await withThrowingTaskGroup(of: (Int, Value).self) { group in
            for rank in 0..<count {
                group.addTask(executorPreference: threads[rank]) { (rank, try await body(ThreadRanks(rank, table))) }
            }
            return try await group.reduce(into: [Int: Value]()) { $0[$1.0] = $1.1 }.sorted { $0.key < $1.key }.map(\.value)
        }
    }
}

@available(macOS 15, *)
private final class OwnThread: TaskExecutor {
    private let queue = DispatchQueue(label: "rank")

    func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        queue.async { job.runSynchronously(on: self.asUnownedTaskExecutor()) }
    }
}

/// Where ranks lay down what they have and take what all have.
private final class Table: @unchecked Sendable {
    // @unchecked: the condition guards what changes.
    let count: Int
    private let condition = NSCondition()
    private var round = 0
    private var laidDown: [Int: [UInt8]] = [:]
    private var last: [[UInt8]] = []

    init(count: Int) { self.count = count }

    func exchange(_ bytes: [UInt8], from rank: Int) -> [[UInt8]] {
        condition.lock()
        defer { condition.unlock() }
        let own = round
        laidDown[rank] = bytes
        if laidDown.count == count {
            last = (0..<count).map { laidDown[$0]! }
            laidDown = [:]
            round += 1
            condition.broadcast()
        }
        while round == own { condition.wait() }
        return last
    }
}
