import CTorch

/// A sum over all ranks that is under way.
public final class PendingSum {
    /// What becomes the sum; not to be touched until `wait()` has returned.
    public let tensor: Tensor
    private let work: ct_work?
    private let waiting: () throws -> Void

    init(of tensor: Tensor, _ work: ct_work? = nil, wait: @escaping () throws -> Void = {}) {
        (self.tensor, self.work, waiting) = (tensor, work, wait)
    }

    deinit {
        if let work { ct_work_free(work) }
    }

    /// - Throws: `RankError.lost`
    public func wait() throws { try waiting() }
}
