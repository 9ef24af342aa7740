import CTorch

/// Processes that compute together, and this one's place among them: c10d over Gloo, which `torch.distributed` uses too, and for tensors
/// on GPUs over NCCL.
///
/// All ranks must ask for the same things in the same order, and each request waits for every rank. One process alone is a group as
/// well, of which every sum is its own part, so that code is written once. Tensors are in host memory, or on the GPU that `meet` named.
public final class ProcessGroup {
    public let rank: Int
    /// How many ranks there are.
    public let count: Int
    /// How many of them share this machine's processors, and which of these this one is.
    public let localCount: Int
    public let localRank: Int
    /// `nil` where there is one.
    private let handle: ct_process_group?
    /// For tensors on a GPU.
    private var deviceGroup: (device: Device, handle: ct_process_group)?
    private let place: RankEnvironment
    private let timeout: Duration

    /// A process alone.
    public init() {
        (rank, count, localCount, localRank, handle) = (0, 1, 1, 0, nil)
        (place, timeout) = (RankEnvironment(), .zero)
    }

    /// Meets the other ranks, and waits for them.
    ///
    /// - Parameter timeout: how long one rank waits for another, here and in every request. A rank that ends is noticed at once.
    /// - Throws: `RankError.apart`, `.lost`, `.unproven`
    public init(_ place: RankEnvironment, timeout: Duration) throws {
        (rank, count, localCount, localRank) = (place.rank, place.count, place.localCount, place.localRank)
        (self.place, self.timeout) = (place, timeout)
        guard place.count > 1 else {
            handle = nil
            return
        }
        handle = try Self.meet(place, timeout, at: "winnow/\(place.job)/\(place.restartCount)", ct_process_group_create)
        guard try sum([1, rank], "meeting") == [count, count * (count - 1) / 2] else {
            throw RankError.unproven(rank: rank, count: count)
        }
    }

    deinit {
        if let deviceGroup { ct_process_group_free(deviceGroup.handle) }
        if let handle { ct_process_group_free(handle) }
    }

    /// Whether ranks can meet on GPUs: this program was built with NVIDIA's headers of NCCL.
    public static var hasNCCL: Bool { ct_has_nccl() }

    /// Meets the others again for sums and broadcasts of tensors on this rank's GPU; does nothing for the CPU, and for a process alone.
    ///
    /// - Throws: `RankError.apart`, `.lost`, `.unproven`
    public func meet(on device: Device) throws {
        guard count > 1, device != .cpu, deviceGroup?.device != device else { return }
        precondition(deviceGroup == nil, "a rank has met the others on \(deviceGroup!.device)")
        let met = try Self.meet(
            place, timeout, at: "winnow/\(place.job)/\(place.restartCount)/nccl", ct_process_group_create_nccl)
        deviceGroup = (device, met)
        let proof = Tensor([1, rank], on: device)
        try sum(proof, "meeting on GPUs")
        guard proof.values(Int.self) == [count, count * (count - 1) / 2] else {
            throw RankError.unproven(rank: rank, count: count)
        }
    }

    private typealias Creation = (
        ct_meeting_place, Int32, Int32, Int64, UnsafeMutablePointer<ct_process_group>
    ) -> ct_status

    private static func meet(
        _ place: RankEnvironment, _ timeout: Duration, at prefix: String, _ create: Creation
    ) throws -> ct_process_group {
        var handle = ct_process_group()
        let status = place.address.withCString { address in
            prefix.withCString { prefix in
                withCString(place.interfaces) { interfaces in
                    let meeting = ct_meeting_place(
                        address: address, port: UInt16(place.port), hosts: place.rank == 0 && !place.isServedByLauncher,
                        prefix: prefix, interfaces: interfaces)
                    return create(meeting, Int32(place.rank), Int32(place.count), Int64(timeout / .milliseconds(1)), &handle)
                }
            }
        }
        guard status == 0 else {
            throw RankError.apart(
                rank: place.rank, count: place.count, address: "\(place.address):\(place.port)",
                reason: sentence(String(cString: ct_last_error())))
        }
        return handle
    }

    /// Who sums a tensor, by where it lies; `nil` for a process alone.
    private func group(of tensor: Tensor) -> ct_process_group? {
        guard handle != nil, tensor.device != .cpu else { return handle }
        guard let deviceGroup, deviceGroup.device == tensor.device else {
            preconditionFailure("ranks have not met on \(tensor.device)")
        }
        return deviceGroup.handle
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
        guard let group = group(of: tensor) else { return }
        try check(activity(), withExtendedLifetime(tensor) { ct_process_group_sum(group, tensor.handle) })
    }

    /// As `sum`, beside what this rank does next. Requests begin in the same order on all ranks, these and others.
    ///
    /// - Throws: `RankError.lost`, here or in `wait()`.
    public func beginSum(_ tensor: Tensor, _ activity: String) throws -> PendingSum {
        guard let group = group(of: tensor) else { return PendingSum(of: tensor) }
        var work = ct_work()
        try check(activity, withExtendedLifetime(tensor) { ct_process_group_begin_sum(group, tensor.handle, &work) })
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
        guard let group = group(of: tensor) else { return }
        try check(activity(), withExtendedLifetime(tensor) { ct_process_group_broadcast(group, tensor.handle, 0) })
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
