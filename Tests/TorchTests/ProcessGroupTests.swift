import Foundation
import PeerProcess
import RankFixtures
import Testing
import Torch

@Suite struct ProcessGroupTests {
    // MARK: Sums

    @Test(arguments: [1, 2, 3, 4]) func aSumIsThatOfAllRanks(count: Int) throws {
        let sums = try RankThreads.run(count) { ranks in
            #expect(ranks.count == count && ranks.localCount == count)
            let factor = Double(ranks.rank + 1)
            let (single, double) = (Tensor([1.5, -2] as [Float]) * factor, Tensor([0.1, 0x1p1000]) * factor)
            try ranks.sum(single, "testing")
            try ranks.sum(double, "testing")
            // Beyond what float64 can tell apart.
            let integers = try ranks.sum([1 << 53 + ranks.rank, -ranks.rank], "testing")
            return ([Float](single.values()), [Double](double.values()), integers)
        }
        let factors = count * (count + 1) / 2
        let (large, ranks) = (count << 53, count * (count - 1) / 2)
        for (single, double, integers) in sums {
            #expect(single == [1.5 * Float(factors), -2 * Float(factors)])
            #expect(abs(double[0] - 0.1 * Double(factors)) < 1e-15 && double[1] == 0x1p1000 * Double(factors))
            #expect(integers == [large + ranks, -ranks])
        }
    }

    /// Whatever order Gloo adds in, no two ranks may get different bits: their weights would drift apart.
    @Test(arguments: [2, 3, 4]) func everyRankGetsTheSameBits(count: Int) throws {
        let sums = try RankThreads.run(count) { ranks in
            let tensor = Generator(seed: UInt64(ranks.rank)).normal([100_003])
            try ranks.sum(tensor, "testing")
            return tensor.values(Float.self).map(\.bitPattern)
        }
        #expect(Set(sums).count == 1)
        let expected = (0..<count).map { Generator(seed: UInt64($0)).normal([100_003]).converted(to: .float64) }
        let total: [Double] = expected.dropFirst().reduce(expected[0], +).values()
        let worst = zip(sums[0], total).map { abs(Double(Float(bitPattern: $0)) - $1) }.max()!
        #expect(worst > 0 && worst < 1e-6 * 4)
    }

    /// Begun in one order and waited for in another, with a request in between.
    @Test func sumsGoOnBesideOtherRequests() throws {
        let sums = try RankThreads.run(3) { ranks in
            let begun = try (1...4).map { factor in
                try ranks.beginSum(Tensor.full([100_003], Double(factor * (ranks.rank + 1))), "testing")
            }
            let between = try ranks.sum([ranks.rank], "testing")
            for sum in begun.reversed() { try sum.wait() }
            return (between, begun.map { Set($0.tensor.values(Float.self)) })
        }
        for sums in sums { #expect(sums == ([3], [[6], [12], [18], [24]])) }
    }

    @Test(arguments: [1, 2, 4]) func theFirstGathersBytes(count: Int) throws {
        let all = (0..<count).map { rank in (0..<rank * 70_001).map { UInt8(truncatingIfNeeded: $0 + rank) } }
        let gathered = try RankThreads.run(count) { try $0.gather(all[$0.rank], "testing") }
        #expect(gathered[0] == all)
        #expect(gathered.dropFirst().allSatisfy { $0.isEmpty })
    }

    @Test func oneRankTellsAll() throws {
        let told = try RankThreads.run(3) { ranks in
            let tensor = Tensor([1, 2, 3] as [Float]) * Double(ranks.rank + 1)
            try ranks.broadcast(tensor, "testing")
            let bytes = try ranks.broadcast(ranks.isFirst ? Array("from the first".utf8) : [7], "testing")
            #expect(try ranks.broadcast([], "testing").isEmpty)
            let (one, none) = (
                try ranks.anyRank(ranks.rank == 2, "testing"), try ranks.anyRank(false, "testing")
            )
            return ([Float](tensor.values()), String(decoding: bytes, as: UTF8.self), one, none)
        }
        for told in told { #expect(told == ([1, 2, 3], "from the first", true, false)) }
    }

    @Test func sharesAreEqualAndInOrder() throws {
        #expect(try RankThreads.run(3) { $0.share(of: 12) } == [0..<4, 4..<8, 8..<12])
        #expect(ProcessGroup().share(of: 5) == 0..<5)
    }

    // MARK: Another implementation

    /// Two processes of Python's `torch.distributed` and this one, in one group.
    @Test func ranksOfTorchDistributedAreRanks() throws {
        let port = try RankThreads.freePort()
        let script = PeerProcess.oracle("rank.py")
        let peers = (1...2).map { rank in
            BackgroundTask { try PeerProcess.run(script, ["\(port)", "\(rank)", "3"]) }
        }
        let ranks = try ProcessGroup(RankThreads.environment(0, of: 3, port: port), timeout: .seconds(60))
        var found: [[Double]] = []
        for dtype in [DType.float32, .float64, .int64] {
            let tensor = Tensor.range(5).converted(to: dtype)
            try ranks.sum(tensor, "testing")
            found.append(tensor.values())
        }
        try ranks.broadcast(Tensor([0.1, 0.2, 0.3]), "testing")
        try ranks.barrier("testing")
        #expect(found == [[Double]](repeating: [0, 6, 12, 18, 24], count: 3))
        for peer in peers {
            let theirs = try JSONDecoder().decode([[Double]].self, from: Data(peer.value().utf8))
            #expect(theirs == found + [[0.1, 0.2, 0.3]])
        }
    }

    /// The connection of a process that is killed is closed by the kernel, so nobody waits for it.
    @Test func aKilledRankIsNoticedAtOnce() throws {
        let port = try RankThreads.freePort()
        let script = PeerProcess.oracle("rank.py")
        let peer = BackgroundTask { try PeerProcess.run(script, ["\(port)", "1", "2", "kill"]) }
        let ranks = try ProcessGroup(RankThreads.environment(0, of: 2, port: port), timeout: .seconds(60))
        let start = ContinuousClock.now
        let error = #expect(throws: RankError.self) { try ranks.barrier("waiting for the dead") }
        #expect(ContinuousClock.now - start < .seconds(10))
        #expect("\(error!)".hasPrefix("rank 0 of 2 lost the others while waiting for the dead: "), "\(error!)")
        #expect(throws: PeerProcess.Failure.self) { try peer.value() }
    }

    // MARK: Ranks that don't come

    @Test(arguments: [0, 1]) func aRankAloneGivesUpInTime(rank: Int) throws {
        let port = try RankThreads.freePort()
        let start = ContinuousClock.now
        let error = #expect(throws: RankError.self) {
            _ = try ProcessGroup(RankThreads.environment(rank, of: 2, port: port), timeout: .seconds(2))
        }
        #expect(ContinuousClock.now - start < .seconds(20))
        #expect("\(error!)".hasPrefix("rank \(rank) of 2 did not meet the others at 127.0.0.1:\(port): "), "\(error!)")
    }

    @Test func aRankThatHangsIsGivenUpAfterTheTimeout() throws {
        let times = try RankThreads.run(2, timeout: .seconds(2)) { ranks in
            let start = ContinuousClock.now
            if ranks.rank == 1 {
                Thread.sleep(forTimeInterval: 6)
                return Duration.zero
            }
            #expect(throws: RankError.self) { try ranks.barrier("waiting") }
            return ContinuousClock.now - start
        }
        #expect(times[0] > .seconds(1) && times[0] < .seconds(5), "\(times)")
    }
}

/// Something that is done beside the test.
private final class BackgroundTask<Value: Sendable>: @unchecked Sendable {
    // @unchecked: written before the semaphore is signalled, read after.
    private var outcome: Result<Value, any Error>?
    private let done = DispatchSemaphore(value: 0)

    init(_ body: @escaping @Sendable () throws -> Value) {
        Thread {
            self.outcome = Result { try body() }
            self.done.signal()
        }.start()
    }

    func value() throws -> Value {
        done.wait()
        done.signal()
        return try outcome!.get()
    }
}
