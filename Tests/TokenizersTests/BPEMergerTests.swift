import Testing
import Tokenizers

struct BPEMergerTests {
    /// Random merges over a small alphabet, so that they overlap and equal ranks meet.
    private struct RandomModel {
        var merges: [(left: Int32, right: Int32, merged: Int32)] = []
        var state: UInt64

        init(seed: UInt64) {
            state = seed
            for id in 0..<40 {
                merges.append((left: random(below: 6 + id / 2), right: random(below: 6 + id / 2), merged: Int32(6 + id)))
            }
        }

        /// A linear congruential generator (Knuth's MMIX constants).
        mutating func random(below limit: Int) -> Int32 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return Int32((state >> 33) % UInt64(limit))
        }
    }

    /// The definition: the pair of lowest rank, the leftmost of equals, again and again; later of equal pairs counts.
    private func definition(_ symbols: [Int32], _ merges: [(left: Int32, right: Int32, merged: Int32)]) -> [Int32] {
        var symbols = symbols
        func rank(_ index: Int) -> Int? {
            merges.lastIndex { $0.left == symbols[index] && $0.right == symbols[index + 1] }
        }
        while let (rank, place) = symbols.indices.dropLast().compactMap({ index in rank(index).map { ($0, index) } }).min(by: <) {
            symbols.replaceSubrange(place...place + 1, with: [merges[rank].merged])
        }
        return symbols
    }

    /// Short words are scanned and long ones queued: both must give what the definition gives.
    @Test(arguments: 1...12) func followsTheDefinition(_ seed: Int) {
        var model = RandomModel(seed: UInt64(seed))
        let table = MergeTable(model.merges)
        let merger = BPEMerger()
        for length in [1, 2, 3, 7, 20, 39, 40, 41, 42, 100, 300] {
            let symbols = (0..<length).map { _ in model.random(below: 6) }
            merger.removeAll()
            for symbol in symbols { merger.append(symbol) }
            merger.merge(with: table)
            #expect(Array(merger.symbols[..<merger.count]) == definition(symbols, model.merges), "\(length) symbols")
        }
    }

    /// Pairs that all belong into the same place of the table, which somebody has to look for.
    @Test func pairsChosenToCollideAreSeen() {
        var merges: [(left: Int32, right: Int32, merged: Int32)] = []
        var id: Int32 = 0
        while merges.count < 600 {
            id += 1
            // Of two equal ids the key's lower half folds to 0; a table of 600 takes the product's upper ten bits.
            if (UInt64(id) << 32 &* 0x9E37_79B9_7F4A_7C15) &>> 54 == 0 { merges.append((id, id, 0)) }
        }
        #expect(MergeTable(merges).isClustered)
        #expect(!MergeTable(merges.map { ($0.left, $0.left &* 7919 % 100_003, 0) }).isClustered)
    }

    /// A million symbols in one word: quadratic work would not end within the limit.
    @Test(.timeLimit(.minutes(1))) func longWordsAreNotQuadratic() {
        let table = MergeTable([(left: 0, right: 0, merged: 1), (left: 1, right: 1, merged: 2)])
        let merger = BPEMerger()
        for _ in 0..<1_000_002 { merger.append(0) }
        merger.merge(with: table)
        #expect(merger.count == 250_001)
        #expect(merger.symbols[0] == 2 && merger.symbols[merger.count - 1] == 1)
    }
}
