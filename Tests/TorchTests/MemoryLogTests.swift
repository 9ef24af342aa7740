import Testing
import Torch

@Suite struct MemoryLogTests {
    @Test func whatIsTakenAndGivenBackIsLogged() throws {
        var kept: Tensor?
        let log = try MemoryLog.record {
            kept = .zeros([100, 10])
            _ = Tensor.zeros([50])
        }
        #expect(log.sizes.count == 3)
        #expect(log.kept >= 4000 && log.kept < 4400, "\(log.sizes)")
        #expect(log.sizes.contains { $0 <= -200 })
        #expect(kept != nil)
    }

    /// Its backward pass is logged too; what other threads do is not.
    @Test func autogradIsLogged() throws {
        let leaf = Tensor.zeros([1000])
        leaf.requiresGradient = true
        let log = try MemoryLog.record {
            try (leaf * 2).sum().backward()
            leaf.gradient = nil
        }
        #expect(log.kept == 0)
        // The product, its gradient and the leaf's, of 4000 bytes each.
        #expect(log.sizes.count { $0 >= 4000 } >= 2, "\(log.sizes)")
    }

    @Test func anErrorEndsTheLog() throws {
        struct Failure: Error {}
        #expect(throws: Failure.self) { _ = try MemoryLog.record { throw Failure() } }
        #expect(try MemoryLog.record {}.sizes.isEmpty)
    }
}
