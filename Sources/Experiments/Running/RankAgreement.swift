import Foundation
import Torch

/// Makes sure that all ranks are about to do the same thing.
public struct RankAgreement {
    /// What has to be the same, by what an error calls it.
    public var facts: [String: String]

    /// - Parameter facts: beside the versions, which are always compared.
    public init(_ facts: [String: String]) { self.facts = facts.merging(WinnowVersion.all) { $1 } }

    /// - Throws: `RankError.differs` on all, where one has something else than the first; `.lost`.
    public func check(among ranks: ProcessGroup) throws {
        guard ranks.count > 1 else { return }
        let activity = "comparing what each was given"
        let first = try JSONDecoder().decode(
            [String: String].self, from: Data(ranks.broadcast(Array(JSONEncoder().encode(facts)), activity)))
        let differing = Set(facts.keys).union(first.keys).filter { facts[$0] != first[$0] }.sorted()
        guard try !ranks.anyRank(!differing.isEmpty, activity) else {
            throw RankError.differs(rank: ranks.rank, count: ranks.count, what: differing)
        }
    }
}
