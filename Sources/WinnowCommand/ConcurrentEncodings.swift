import Foundation

/// The ids of several texts, each encoded by whichever thread is free next.
final class ConcurrentEncodings: @unchecked Sendable {
    struct Encoding: Sendable {
        var ids: [Int32]
        var bytes: Int
        var duration: Duration
    }

    // @unchecked: `next` and `results` are touched under the lock alone.
    private let lock = NSLock()
    private let texts: [Data]
    private var next = 0
    private var results: [Encoding?]

    init(of texts: [Data]) {
        self.texts = texts
        results = Array(repeating: nil, count: texts.count)
    }

    /// In the texts' order, once `run` has returned.
    var finished: [Encoding] { lock.withLock { results.compactMap { $0 } } }

    func run(threads: Int, _ encode: @Sendable (Data) -> [Int32]) {
        DispatchQueue.concurrentPerform(iterations: min(threads, max(1, texts.count))) { _ in
            while let index = take() {
                let start = ContinuousClock.now
                let ids = encode(texts[index])
                let encoding = Encoding(ids: ids, bytes: texts[index].count, duration: ContinuousClock.now - start)
                lock.withLock { results[index] = encoding }
            }
        }
    }

    private func take() -> Int? {
        lock.withLock {
            guard next < texts.count else { return nil }
            defer { next += 1 }
            return next
        }
    }
}
