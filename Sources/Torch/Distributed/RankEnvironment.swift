/// What a launcher such as `torchrun` tells each process that it starts, in environment variables.
///
/// | variable | meaning |
/// |---|---|
/// | `WORLD_SIZE`, `RANK` | how many processes there are, and which this one is |
/// | `LOCAL_WORLD_SIZE`, `LOCAL_RANK` | the same on this machine alone; 1 and 0 where they are missing |
/// | `MASTER_ADDR`, `MASTER_PORT` | where they meet; rank 0 listens there |
/// | `TORCHELASTIC_USE_AGENT_STORE` | `True`: torchrun itself listens there |
/// | `TORCHELASTIC_RESTART_COUNT`, `TORCHELASTIC_RUN_ID` | how often torchrun has started all anew, and of which job |
/// | `GLOO_SOCKET_IFNAME` | the network interfaces to use, where the machine's name doesn't lead to the right one |
///
/// Open MPI's and Slurm's own variables stand in for the first four: see `translated`.
public struct RankEnvironment: Sendable, Equatable {
    public var rank = 0
    public var count = 1
    public var localRank = 0
    public var localCount = 1
    public var address = ""
    public var port = 0
    public var isServedByLauncher = false
    public var restartCount = 0
    public var job = "none"
    public var interfaces: String?

    /// One process that nobody launched.
    public init() {}

    /// - Parameter given: the environment; without `WORLD_SIZE` it is that of a process alone.
    /// - Throws: `RankError.missingVariable`, `.badVariable`
    public init(_ given: [String: String]) throws {
        let environment = Self.translated(given)
        func integer(_ name: String, _ range: ClosedRange<Int>, default value: Int? = nil) throws -> Int {
            guard let text = environment[name] else {
                if let value { return value }
                throw RankError.missingVariable(name, beside: environment["WORLD_SIZE"] == nil ? "RANK" : "WORLD_SIZE")
            }
            guard let number = Int(text), range.contains(number) else {
                throw RankError.badVariable(name, value: text, wanted: range)
            }
            return number
        }
        restartCount = try integer("TORCHELASTIC_RESTART_COUNT", 0...Int.max, default: 0)
        guard environment["WORLD_SIZE"] != nil || environment["RANK"] != nil else { return }
        count = try integer("WORLD_SIZE", 1...1 << 20)
        rank = try integer("RANK", 0...count - 1)
        localCount = try integer("LOCAL_WORLD_SIZE", 1...count, default: 1)
        localRank = try integer("LOCAL_RANK", 0...localCount - 1, default: 0)
        job = environment["TORCHELASTIC_RUN_ID"] ?? job
        isServedByLauncher = environment["TORCHELASTIC_USE_AGENT_STORE"] == "True"
        interfaces = environment["GLOO_SOCKET_IFNAME"].flatMap { $0.isEmpty ? nil : $0 }
        guard count > 1 else { return }
        guard let address = environment["MASTER_ADDR"], !address.isEmpty else {
            throw RankError.missingVariable("MASTER_ADDR", beside: "WORLD_SIZE")
        }
        self.address = address
        port = try integer("MASTER_PORT", 1...65535)
    }
}
