extension RunManifest {
    /// A run that was resumed with other threads, or on another machine, than it was begun with.
    public struct Move: Codable, Sendable, Equatable {
        /// The last step before it. Those behind equal an uninterrupted run's to rounding only.
        public var afterStep: Int
        /// How it is there: see `circumstances(otherThanIn:)`.
        public var circumstances: [String]

        public init(afterStep: Int, circumstances: [String]) {
            (self.afterStep, self.circumstances) = (afterStep, circumstances)
        }
    }

    /// What the run was begun with and `now` hasn't, as a sentence would call it; `nil` where everything is the same.
    ///
    /// An input that the run's own manifest doesn't name, as those of earlier versions don't name all, can't be compared.
    public func inputChanged(in now: RunManifest) -> String? {
        if modelHash != now.modelHash { return "the model" }
        let splits = Set(dataHashes.keys).union(now.dataHashes.keys).sorted()
        if let split = splits.first(where: { dataHashes[$0] != now.dataHashes[$0] }) { return "the data of \(split)" }
        return inputHashes?.sorted { $0.key < $1.key }.first { now.inputHashes?[$0.key] != $0.value }?.key
    }

    /// Notes that the run goes on after a step, in the circumstances of `now`.
    ///
    /// What had been done behind that step is done again, so moves made there no longer count. A run that goes on from its
    /// beginning is all of `now`.
    ///
    /// - Returns: the move, where it is one.
    @discardableResult
    public mutating func goOn(after step: Int, in now: RunManifest) -> Move? {
        if step == 0 { (versions, device, threads, processor) = (now.versions, now.device, now.threads, now.processor) }
        let circumstances = circumstances(otherThanIn: now)
        let move = circumstances.isEmpty ? nil : Move(afterStep: step, circumstances: circumstances)
        let moves = (movesElsewhere ?? []).filter { $0.afterStep < step } + [move].compactMap { $0 }
        movesElsewhere = moves.isEmpty ? nil : moves
        return move
    }

    /// Where sums may be taken in another order than the run's, a phrase each: its threads, ranks, processor, device and libraries.
    public func circumstances(otherThanIn now: RunManifest) -> [String] {
        let pairs: [(what: String, then: String?, now: String?)] =
            [
                ("processor", processor, now.processor), ("device", device, now.device),
                ("threads", "\(threads)", "\(now.threads)"), ("ranks", "\(ranks ?? 1)", "\(now.ranks ?? 1)"),
            ] + Set(versions.keys).union(now.versions.keys).sorted().map { ($0, versions[$0], now.versions[$0]) }
        return pairs.filter { $0.then != $0.now }.map {
            "\($0.what): \($0.then ?? "unknown") then, \($0.now ?? "unknown") now"
        }
    }
}
