/// Merges the symbols of one word: again and again the pair of lowest rank, the leftmost of equals, until none is left.
///
/// It owns its working memory and keeps it from word to word; one thread uses it at a time.
package final class BPEMerger {
    /// The word's symbols; after `merge(with:)` its tokens.
    package private(set) var symbols: UnsafeMutableBufferPointer<Int32> = .allocate(capacity: 256)
    package private(set) var count = 0

    /// Up to this many symbols the lowest rank is found by looking at all of them, which beats a queue
    /// while everything lies in a few cache lines.
    package init() {}

    private static let scanLimit = 40

    private var pairs: UnsafeMutablePointer<MergeTable.Merge> = .allocate(capacity: scanLimit)
    private var links: [Link] = []
    private var queue = RankQueue()

    deinit {
        symbols.deallocate()
        pairs.deallocate()
    }

    @inline(__always)
    package func removeAll() { count = 0 }

    @inline(__always)
    package func append(_ symbol: Int32) {
        if count == symbols.count { grow() }
        symbols[count] = symbol
        count += 1
    }

    private func grow() {
        let larger = UnsafeMutableBufferPointer<Int32>.allocate(capacity: 2 * symbols.count)
        _ = larger.update(fromContentsOf: symbols)
        symbols.deallocate()
        symbols = larger
    }

    package func merge(with table: MergeTable) {
        guard count > 1 else { return }
        if count <= Self.scanLimit { mergeScanning(table) } else { mergeQueueing(table) }
    }

    // MARK: Short words

    private func mergeScanning(_ table: MergeTable) {
        let (symbols, pairs) = (symbols, pairs)
        var count = count
        for index in 0..<count - 1 { pairs[index] = table.merge(symbols[index], symbols[index + 1]) }
        while count > 1 {
            var (best, place) = (MergeTable.none, 0)
            for index in 0..<count - 1 where pairs[index] < best { (best, place) = (pairs[index], index) }
            if best == MergeTable.none { break }
            symbols[place] = MergeTable.tokenID(best)
            count -= 1
            for index in place + 1..<max(count, place + 1) {
                symbols[index] = symbols[index + 1]
                pairs[index - 1] = pairs[index]
            }
            if place > 0 { pairs[place - 1] = table.merge(symbols[place - 1], symbols[place]) }
            if place + 1 < count { pairs[place] = table.merge(symbols[place], symbols[place + 1]) }
        }
        self.count = count
    }

    // MARK: Long words

    /// A symbol's neighbours and the merge with the one that follows. A symbol that was swallowed merges with nothing.
    private struct Link {
        var previous: Int32
        var next: Int32
        var merge: MergeTable.Merge
    }

    /// O(n log n): a queue of (rank, place). An entry whose rank is no longer the one at its place is out of date.
    private func mergeQueueing(_ table: MergeTable) {
        let symbols = symbols
        links.removeAll(keepingCapacity: true)
        queue.removeAll()
        for index in 0..<count {
            let merge = index + 1 < count ? table.merge(symbols[index], symbols[index + 1]) : MergeTable.none
            links.append(Link(previous: Int32(index - 1), next: index + 1 < count ? Int32(index + 1) : -1, merge: merge))
            if merge != MergeTable.none { queue.push(rank: merge &>> 32, place: index) }
        }
        links.withUnsafeMutableBufferPointer { links in
            func update(_ place: Int) {
                let next = Int(links[place].next)
                links[place].merge = next < 0 ? MergeTable.none : table.merge(symbols[place], symbols[next])
                if links[place].merge != MergeTable.none { queue.push(rank: links[place].merge &>> 32, place: place) }
            }
            while let (rank, place) = queue.pop() {
                let merge = links[place].merge
                guard merge != MergeTable.none, merge &>> 32 == rank else { continue }
                let swallowed = Int(links[place].next)
                symbols[place] = MergeTable.tokenID(merge)
                links[place].next = links[swallowed].next
                if links[swallowed].next >= 0 { links[Int(links[swallowed].next)].previous = Int32(place) }
                links[swallowed].merge = MergeTable.none
                update(place)
                if links[place].previous >= 0 { update(Int(links[place].previous)) }
            }
            var (place, kept) = (0, 0)
            while place >= 0 {
                symbols[kept] = symbols[place]
                kept += 1
                place = Int(links[place].next)
            }
            count = kept
        }
    }
}
