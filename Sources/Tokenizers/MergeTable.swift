/// The merges of a byte-pair encoding: two neighbouring token ids → their rank and the id that replaces them.
///
/// An open-addressing hash table of 16-byte entries, keyed by both ids in one word.
package final class MergeTable: @unchecked Sendable {
    // @unchecked: the memory is written in `init` alone, and freed when the last reference goes.

    /// Rank in the high half, so that the smaller of two values is the merge to do first; the new id in the low half.
    typealias Merge = UInt64

    /// What a pair that does not merge has: larger than every merge.
    static let none = Merge.max

    private struct Entry {
        var key: UInt64
        var merge: Merge
    }

    /// No pair: ids are not negative.
    private static let free = UInt64.max

    private let entries: UnsafeMutablePointer<Entry>
    private let mask: Int
    private let shift: UInt64
    /// Whether its pairs collide as no others do by chance; it was given up then, and knows some of them alone.
    package let isClustered: Bool

    /// - Parameter merges: in order of rank; the later of two equal pairs counts, as in Hugging Face's reader.
    package init(_ merges: [(left: Int32, right: Int32, merged: Int32)]) {
        var bits: UInt64 = 4
        while 3 << bits < merges.count * 4 { bits += 1 }
        let capacity = 1 << Int(bits)
        let (mask, shift, entries) = (capacity - 1, 64 - bits, UnsafeMutablePointer<Entry>.allocate(capacity: capacity))
        (self.mask, self.shift, self.entries) = (mask, shift, entries)
        entries.initialize(repeating: Entry(key: Self.free, merge: Self.none), count: capacity)
        var looks = TokenizerLimits.looks(entries: merges.count)
        for (rank, merge) in merges.enumerated() {
            let key = Self.key(merge.left, merge.right)
            var slot = Self.slot(of: key, shift)
            while entries[slot].key != Self.free, entries[slot].key != key {
                slot = (slot + 1) & mask
                looks -= 1
            }
            if looks < 0 { break }
            entries[slot] = Entry(key: key, merge: UInt64(rank) << 32 | UInt64(UInt32(bitPattern: merge.merged)))
        }
        isClustered = looks < 0
    }

    deinit { entries.deallocate() }

    @inline(__always)
    func merge(_ left: Int32, _ right: Int32) -> Merge {
        let key = Self.key(left, right)
        var slot = Self.slot(of: key, shift)
        while true {
            let entry = entries[slot]
            if entry.key == key { return entry.merge }
            if entry.key == Self.free { return Self.none }
            slot = (slot + 1) & mask
        }
    }

    @inline(__always)
    static func tokenID(_ merge: Merge) -> Int32 { Int32(truncatingIfNeeded: merge) }

    @inline(__always)
    private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
        UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
    }

    @inline(__always)
    private static func slot(of key: UInt64, _ shift: UInt64) -> Int {
        Int(truncatingIfNeeded: ((key ^ (key &>> 32)) &* 0x9E37_79B9_7F4A_7C15) &>> shift)
    }
}
