import Testing
import Training

@Suite struct LossSpikesTests {
    /// 1, 3, 1, 3, …: the mean is 2, and the standard deviation a little over 1.
    private func filled(_ count: Int) -> LossSpikes {
        var spikes = LossSpikes()
        for index in 0..<count { _ = spikes.excess(of: index.isMultiple(of: 2) ? 1 : 3) }
        return spikes
    }

    @Test func sixStandardDeviationsAreFlagged() {
        var (above, below) = (filled(50), filled(50))
        // √(50 / 49) is the sample's standard deviation.
        let deviation = (50.0 / 49).squareRoot()
        let excess = above.excess(of: 2 + 6.01 * deviation)
        #expect(excess.map { abs($0 - 6.01) < 1e-9 } == true)
        #expect(below.excess(of: 2 + 5.99 * deviation) == nil)
    }

    @Test func aBeginningIsNotJudged() {
        var (young, old) = (filled(19), filled(20))
        #expect(young.excess(of: 100) == nil)
        #expect(old.excess(of: 100) != nil)
    }

    /// Fifty steps later, the new level is all there is.
    @Test func aNewLevelIsFlaggedOnce() {
        var spikes = filled(50)
        let flags = (0..<60).map { spikes.excess(of: $0.isMultiple(of: 2) ? 101 : 103) != nil }
        #expect(flags.first == true && flags.count { $0 } <= 3)
        #expect(spikes.window.allSatisfy { $0 > 100 })
    }

    @Test func equalLossesFlagNothing() {
        var spikes = LossSpikes()
        for _ in 0..<60 { #expect(spikes.excess(of: 2) == nil) }
    }
}
