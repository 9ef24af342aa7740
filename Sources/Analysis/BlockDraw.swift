/// One resample of a bootstrap: as many blocks as there are, drawn with replacement. A function of the seed and its number.
struct BlockDraw {
    private let generator: CounterGenerator
    private let blocks: UInt64

    init(seed: UInt64, resample: Int, blocks: Int) {
        generator = CounterGenerator(seed: seed, stream: UInt64(resample))
        self.blocks = UInt64(blocks)
    }

    func forEach(_ body: (Int) -> Void) {
        // Scaling a 64-bit word to [0, blocks) is biased by at most blocks / 2⁶⁴.
        func draw(_ word: UInt64) { body(Int(word.multipliedFullWidth(by: blocks).high)) }
        for counter in 0..<blocks / 4 {
            let words = generator.block(counter)
            draw(words.0)
            draw(words.1)
            draw(words.2)
            draw(words.3)
        }
        let rest = generator.block(blocks / 4)
        for word in [rest.0, rest.1, rest.2].prefix(Int(blocks % 4)) { draw(word) }
    }
}

/// The percentile interval of a bootstrap's values, interpolated as `numpy.percentile` does.
///
/// - Throws: `AnalysisError.nothingCounts` where no draw gave a value.
func percentileInterval(of values: [Double], _ confidence: Double) throws -> (lower: Double, upper: Double) {
    guard !values.isEmpty else { throw AnalysisError.nothingCounts("a bootstrap") }
    let sorted = values.sorted()
    func percentile(_ q: Double) -> Double {
        let rank = q * Double(sorted.count - 1)
        let below = Int(rank)
        let above = min(below + 1, sorted.count - 1)
        return sorted[below] + (rank - Double(below)) * (sorted[above] - sorted[below])
    }
    let tail = (1 - confidence) / 2
    return (percentile(tail), percentile(1 - tail))
}
