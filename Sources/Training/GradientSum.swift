import Models
import Torch

/// Sums gradients over all ranks, once an optimizer step, while the last backward pass goes on.
///
/// A backward pass is done with the last layer first. So tensors are sent in the reverse of the model's order, in a few buckets that
/// are the same in every step and on every rank: each as soon as all its gradients are there and the buckets before it are sent,
/// whatever this rank's order is.
package final class GradientSum {
    private let ranks: ProcessGroup
    private let buckets: [Bucket]
    /// Of each bucket, which tensors the last pass is done with.
    private var arrived: [Set<Int>] = []
    private var isLastPass = false
    private var pending: [PendingSum] = []
    /// What went wrong inside a backward pass, which has no way to say so.
    private var failure: (any Error)?

    private struct Bucket {
        let tensors: [Tensor]
        /// float64 where weights are.
        let dtype: DType
    }

    /// - Parameters:
    ///   - outside: a tensor whose gradient isn't that of a backward pass, and so goes last: the head's.
    ///   - bucketCount: about how many buckets.
    package init(_ trained: NamedTensors, outside: Tensor? = nil, among ranks: ProcessGroup, bucketCount: Int = 8) {
        self.ranks = ranks
        let all = ranks.count > 1 ? trained.map(\.tensor) : []
        let order = all.reversed().filter { $0 !== outside } + all.filter { $0 === outside }
        let limit = order.reduce(0) { $0 + $1.count } / bucketCount
        var groups: [[Tensor]] = []
        for tensor in order {
            if let last = groups.last, last.reduce(0, { $0 + $1.count }) + tensor.count <= limit {
                groups[groups.count - 1].append(tensor)
            } else {
                groups.append([tensor])
            }
        }
        let dtype: DType = order.contains { $0.dtype == .float64 } ? .float64 : .float32
        buckets = groups.map { Bucket(tensors: $0, dtype: dtype) }
        for (bucket, tensors) in groups.enumerated() {
            for (place, tensor) in tensors.enumerated() {
                // The tensor owns what it calls, so that mustn't own the tensor.
                tensor.onAccumulation { [weak self] in self?.note(place, of: bucket) }
            }
        }
    }

    /// Announces the last backward pass of the step. What it isn't to change has its gradient by now, but for `outside`.
    package func beginLastPass() {
        arrived = buckets.map { _ in [] }
        isLastPass = true
    }

    private func note(_ place: Int, of bucket: Int) {
        guard isLastPass, failure == nil else { return }
        let isNew = arrived[bucket].insert(place).inserted
        precondition(isNew, "a backward pass has accumulated twice into one weight, and the first may be sent already")
        while pending.count < buckets.count, arrived[pending.count].count == buckets[pending.count].tensors.count {
            do { try sendNext() } catch {
                failure = error
                return
            }
        }
    }

    /// Buckets on their way.
    package var sentCount: Int { pending.count }

    /// Sends what is not sent yet, without waiting: what this rank has, which may be nothing.
    ///
    /// - Throws: `RankError.lost`
    package func sendRest() throws {
        isLastPass = false
        if let failure { throw failure }
        while pending.count < buckets.count { try sendNext() }
    }

    /// A bucket's gradients, zeros where there is none, and how many ranks have each of them.
    private func sendNext() throws {
        let bucket = buckets[pending.count]
        let sum = withoutGradient {
            let marks: [Double] = bucket.tensors.map { $0.gradient == nil ? 0 : 1 }
            return Tensor.concatenated(
                bucket.tensors.map {
                    ($0.gradient ?? .zeros($0.shape, dtype: $0.dtype, on: $0.device)).converted(to: bucket.dtype).reshaped([-1])
                } + [Tensor(marks).converted(to: bucket.dtype).sent(to: bucket.tensors[0].device)])
        }
        pending.append(try ranks.beginSum(sum, "summing gradients"))
    }

    /// Leaves at every tensor the sum of all ranks' gradients, the same bits on each; none at a tensor for which no rank has one.
    ///
    /// The sum is taken in float32, or float64 where the weights are: its order, and so its rounding, depends on the number of ranks.
    ///
    /// - Throws: `RankError.lost`
    package func finish() throws {
        try sendRest()
        defer { pending = [] }
        try withoutGradient {
            for (bucket, sum) in zip(buckets, pending) {
                try sum.wait()
                let parts = sum.tensor.split(bucket.tensors.map(\.count) + [bucket.tensors.count], along: 0)
                let holders: [Double] = parts[parts.count - 1].values()
                for (place, tensor) in bucket.tensors.enumerated() {
                    let part = parts[place]
                    tensor.gradient = holders[place] > 0 ? part.reshaped(tensor.shape).converted(to: tensor.dtype) : nil
                }
            }
        }
    }

    /// Waits for what is sent and forgets it: the step is not taken.
    ///
    /// - Throws: `RankError.lost`
    package func abandon() throws {
        try sendRest()
        defer { pending = [] }
        for sum in pending { try sum.wait() }
    }
}
