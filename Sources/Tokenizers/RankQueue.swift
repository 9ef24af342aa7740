/// A binary heap that gives the lowest rank first, and of equal ranks the leftmost place.
struct RankQueue {
    /// Rank in the high half, place in the low half.
    private var heap: [UInt64] = []

    mutating func removeAll() { heap.removeAll(keepingCapacity: true) }

    mutating func push(rank: UInt64, place: Int) {
        let item = rank &<< 32 | UInt64(truncatingIfNeeded: place)
        heap.append(item)
        heap.withUnsafeMutableBufferPointer { heap in
            var child = heap.count - 1
            while child > 0 {
                let parent = (child - 1) / 2
                guard item < heap[parent] else { break }
                heap[child] = heap[parent]
                child = parent
            }
            heap[child] = item
        }
    }

    mutating func pop() -> (rank: UInt64, place: Int)? {
        guard let first = heap.first, let last = heap.popLast() else { return nil }
        heap.withUnsafeMutableBufferPointer { heap in
            guard !heap.isEmpty else { return }
            var parent = 0
            while true {
                var child = 2 * parent + 1
                guard child < heap.count else { break }
                if child + 1 < heap.count, heap[child + 1] < heap[child] { child += 1 }
                guard heap[child] < last else { break }
                heap[parent] = heap[child]
                parent = child
            }
            heap[parent] = last
        }
        return (first &>> 32, Int(first & 0xFFFF_FFFF))
    }
}
