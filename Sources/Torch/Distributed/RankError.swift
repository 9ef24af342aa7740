/// What keeps several processes from computing together, and what to do about it.
public enum RankError: Error, Equatable, CustomStringConvertible {
    case missingVariable(String, beside: String)
    case badVariable(String, value: String, wanted: ClosedRange<Int>)
    /// The group wasn't formed.
    case apart(rank: Int, count: Int, address: String, reason: String)
    /// The group fell apart.
    case lost(rank: Int, count: Int, doing: String, reason: String)
    case unproven(rank: Int, count: Int)
    /// This rank has something else than rank 0, or another rank does, where `what` is empty.
    case differs(rank: Int, count: Int, what: [String])

    public var description: String {
        switch self {
        case .missingVariable(let name, let neighbor):
            "\(neighbor) is set and \(name) isn't: start the ranks with torchrun, which sets both, or take \(neighbor) out of the "
                + "environment to run in one process"
        case .badVariable(let name, let value, let wanted):
            "the environment says \(name)=\(value), which should be "
                + (wanted.upperBound == .max ? "\(wanted.lowerBound) or more" : "\(wanted.lowerBound) to \(wanted.upperBound)")
        case .apart(let rank, let count, let address, let reason):
            "rank \(rank) of \(count) did not meet the others at \(address): \(reason). See that all \(count) are started, that the "
                + "address is rank 0's and its port is free, and name the network interface in GLOO_SOCKET_IFNAME where there are several"
        case .lost(let rank, let count, let doing, let reason):
            "rank \(rank) of \(count) lost the others while \(doing): \(reason). Another rank has ended or hangs; if it left a message, that "
                + "says why. Go on from the last checkpoint with --resume, or let torchrun --max-restarts do it"
        case .unproven(let rank, let count):
            "rank \(rank) of \(count) got a wrong sum from libtorch's process group, which its headers must then misdescribe: install "
                + "libtorch anew, the same version on every machine"
        case .differs(let rank, let count, let what):
            what.isEmpty
                ? "rank \(rank) of \(count) stops, since another rank has something else than rank 0: its message says what"
                : "rank \(rank) of \(count) has another \(what.joined(separator: ", another ")) than rank 0: give every rank the same files, "
                    + "recipe and version of Winnow"
        }
    }
}
