import Foundation
import Torch

/// Ranks as threads of the test's process, each with a process group of its own: they meet over real sockets, as processes do.
public enum RankThreads {
    /// Runs `body` on every rank at once.
    ///
    /// - Returns: what each gave, by rank.
    /// - Throws: the first rank's error, where several have one.
    public static func run<Value: Sendable>(
        _ count: Int, timeout: Duration = .seconds(60), _ body: @escaping @Sendable (ProcessGroup) throws -> Value
    ) throws -> [Value] {
        let port = count > 1 ? try freePort() : 0
        let outcomes = Outcomes<Value>(count: count)
        for rank in 0..<count {
            let thread = Thread {
                outcomes.set(
                    rank, Result { try body(ProcessGroup(environment(rank, of: count, port: port), timeout: timeout)) })
            }
            thread.stackSize = 16 << 20
            thread.start()
        }
        return try outcomes.all().map { try $0.get() }
    }

    /// Of a rank whose fellows are on this machine.
    public static func environment(_ rank: Int, of count: Int, port: Int) -> RankEnvironment {
        var environment = RankEnvironment()
        (environment.rank, environment.count, environment.port) = (rank, count, port)
        (environment.localRank, environment.localCount, environment.address) = (rank, count, "127.0.0.1")
        return environment
    }

    /// A port that nobody listens at.
    public static func freePort() throws -> Int {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                bind(descriptor, $0, length) == 0 ? getsockname(descriptor, $0, &length) : -1
            }
        }
        guard status == 0 else { throw POSIXError(.init(rawValue: errno) ?? .EADDRNOTAVAIL) }
        return Int(UInt16(bigEndian: address.sin_port))
    }
}

/// What threads give back.
private final class Outcomes<Value: Sendable>: @unchecked Sendable {
    // @unchecked: the condition guards what changes.
    private let condition = NSCondition()
    private var outcomes: [Result<Value, any Error>?]

    init(count: Int) { outcomes = .init(repeating: nil, count: count) }

    func set(_ rank: Int, _ outcome: Result<Value, any Error>) {
        condition.lock()
        defer { condition.unlock() }
        outcomes[rank] = outcome
        condition.signal()
    }

    func all() -> [Result<Value, any Error>] {
        condition.lock()
        defer { condition.unlock() }
        while outcomes.contains(where: { $0 == nil }) { condition.wait() }
        return outcomes.map { $0! }
    }
}
