import CTorch

/// Processes that compute together, and this one's place among them: c10d over Gloo, which `torch.distributed` uses too.
///
/// All ranks must ask for the same things in the same order, and each request waits for every rank. One process alone is a group as
/// well, of which every sum is its own part, so that code is written once. Tensors are in host memory.
public final class ProcessGroup {
    public let rank: Int
    /// How many ranks there are.
    public let count: Int
    /// How many of them share this machine's processors.
    public let localCount: Int
    /// `nil` where there is one.
    private let handle: ct_process_group?

    /// A process alone.
    public init() { (rank, count, localCount, handle) = (0, 1, 1, nil) }

    /// Meets the other ranks, and waits for them.
    ///
    /// - Parameter timeout: how long one rank waits for another, here and in every request. A rank that ends is noticed at once.
    /// - Throws: `RankError.apart`, `.lost`, `.unproven`
    public init(_ place: RankEnvironment, timeout: Duration) throws {
        (rank, count, localCount) = (place.rank, place.count, place.localCount)
        guard place.count > 1 else {
            handle = nil
            return
        }
        var handle = ct_process_group()
        let prefix = "winnow/\(place.job)/\(place.restartCount)"
        let status = place.address.withCString { address in
            prefix.withCString { prefix in
                Self.withCString(place.interfaces) { interfaces in
                    let meeting = ct_meeting_place(
                        address: address, port: UInt16(place.port), hosts: place.rank == 0 && !place.isServedByLauncher,
                        prefix: prefix, interfaces: interfaces)
                    let milliseconds = Int64(timeout / .milliseconds(1))
                    return ct_process_group_create(meeting, Int32(place.rank), Int32(place.count), milliseconds, &handle)
                }
            }
        }
        guard status == 0 else {
            throw RankError.apart(
                rank: place.rank, count: place.count, address: "\(place.address):\(place.port)",
                reason: Self.sentence(String(cString: ct_last_error())))
        }
        self.handle = handle
        guard try sum([1, rank], "meeting") == [count, count * (count - 1) / 2] else {
            throw RankError.unproven(rank: rank, count: count)
        }
    }

    deinit {
        if let handle { ct_process_group_free(handle) }
    }

    /// Whether this is the rank that writes and prints.
    public var isFirst: Bool { rank == 0 }

    /// This rank's part of `total` things in a row: equal parts, in the order of ranks.
    ///
    /// - Precondition: the ranks divide them evenly.
    public func share(of total: Int) -> Range<Int> {
        precondition(total.isMultiple(of: count), "\(total) things among \(count) ranks")
        let length = total / count
        return rank * length..<(rank + 1) * length
    }

    // MARK: Requests

    /// Replaces `tensor` by its sum over all ranks, the same bits on each: float32, float64 or int64.
    ///
    /// - Parameter activity: for the error, such as `"summing gradients"`.
    /// - Throws: `RankError.lost`
    public func sum(_ tensor: Tensor, _ activity: @autoclosure () -> String) throws {
        guard let handle else { return }
        try check(activity(), withExtendedLifetime(tensor) { ct_process_group_sum(handle, tensor.handle) })
    }

    /// As `sum`, beside what this rank does next. Requests begin in the same order on all ranks, these and others.
    ///
    /// - Throws: `RankError.lost`, here or in `wait()`.
    public func beginSum(_ tensor: Tensor, _ activity: String) throws -> PendingSum {
        guard let handle else { return PendingSum(of: tensor) }
        var work = ct_work()
        try check(activity, withExtendedLifetime(tensor) { ct_process_group_begin_sum(handle, tensor.handle, &work) })
        let begun = work
        return PendingSum(of: tensor, begun) { try self.check(activity, ct_work_wait(begun)) }
    }

    /// The sums over all ranks, place by place.
    public func sum(_ values: [Int], _ activity: @autoclosure () -> String) throws -> [Int] {
        guard count > 1 else { return values }
        let tensor = Tensor(values)
        try sum(tensor, activity())
        return tensor.values()
    }

    /// Whether any rank says so.
    public func anyRank(_ condition: Bool, _ activity: @autoclosure () -> String) throws -> Bool {
        try sum([condition ? 1 : 0], activity())[0] > 0
    }

    /// Replaces `tensor` by that of rank 0.
    public func broadcast(_ tensor: Tensor, _ activity: @autoclosure () -> String) throws {
        guard let handle else { return }
        try check(activity(), withExtendedLifetime(tensor) { ct_process_group_broadcast(handle, tensor.handle, 0) })
    }

    /// The bytes that rank 0 has.
    public func broadcast(_ bytes: [UInt8], _ activity: @autoclosure () -> String) throws -> [UInt8] {
        guard count > 1 else { return bytes }
        let length = try sum([isFirst ? bytes.count : 0], activity())[0]
        guard length > 0 else { return [] }
        let tensor = Tensor(isFirst ? bytes : [UInt8](repeating: 0, count: length))
        try broadcast(tensor, activity())
        return tensor.values()
    }

    /// Brings every rank's bytes to rank 0.
    ///
    /// - Returns: there, in the order of ranks; on the others nothing.
    public func gather(_ bytes: [UInt8], _ activity: @autoclosure () -> String) throws -> [[UInt8]] {
        guard let handle else { return [bytes] }
        let lengths = try sum((0..<count).map { $0 == rank ? bytes.count : 0 }, activity())
        guard isFirst else {
            if !bytes.isEmpty {
                let tensor = Tensor(bytes)
                try check(activity(), withExtendedLifetime(tensor) { ct_process_group_send(handle, tensor.handle, 0) })
            }
            return []
        }
        return try [bytes]
            + (1..<count).map { sender -> [UInt8] in
                guard lengths[sender] > 0 else { return [] }
                let tensor = Tensor.empty([lengths[sender]], dtype: .uint8)
                let status = withExtendedLifetime(tensor) {
                    ct_process_group_receive(handle, tensor.handle, Int32(sender))
                }
                try check(activity(), status)
                return tensor.values()
            }
    }

    /// Waits until every rank has come here.
    public func barrier(_ activity: @autoclosure () -> String) throws {
        guard let handle else { return }
        try check(activity(), ct_process_group_barrier(handle))
    }

    private func check(_ activity: String, _ status: ct_status) throws {
        guard status != 0 else { return }
        throw RankError.lost(
            rank: rank, count: count, doing: activity, reason: Self.sentence(String(cString: ct_last_error())))
    }

    /// The first line of what libtorch says, without the full stop.
    private static func sentence(_ message: String) -> String {
        let line = message.split(separator: "\n").first ?? ""
        return String(line.hasSuffix(".") ? line.dropLast() : line)
    }

    private static func withCString<Result>(_ text: String?, _ body: (UnsafePointer<CChar>?) -> Result) -> Result {
        guard let text else { return body(nil) }
        return text.withCString(body)
    }
}
