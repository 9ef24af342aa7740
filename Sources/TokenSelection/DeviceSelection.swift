import Torch

/// A selector's work as tensor operations of fixed shapes, where the losses are: the same tokens as `TokenSelector.select` takes, without
/// the host's reading a loss. What the host would count of them it counts later, from `figures`.
///
/// Everything that decides a shape, the valid tokens of each pool, is known before a loss is.
public struct DeviceSelection {
    /// Why a selector's tokens have to be chosen on the host.
    public enum Obstacle: Sendable, Equatable, CustomStringConvertible {
        case score(String)
        case policy(String)

        public var description: String {
            switch self {
            case .score(let name): "the score \(name) compares tokens with each other"
            case .policy(let name): "the policy \(name) draws its noise when it sees the scores"
            }
        }
    }

    /// What the host draws before there are scores, from the step's own stream: `[N]` each, float64.
    public struct Noise {
        /// The policy's.
        public var perturbation: Tensor?
        /// Decides between equal keys.
        public var ties: Tensor?

        public init(perturbation: Tensor? = nil, ties: Tensor? = nil) { (self.perturbation, self.ties) = (perturbation, ties) }
    }

    /// What was selected, still on the device.
    public struct Outcome {
        /// Positions among the N, ascending, `[k]`, int64.
        public var indices: Tensor
        /// What a `TokenSelection` is counted from: numbers in float64, which `read` wants back one after another.
        public var figures: [Tensor]
        /// How many scores and keys are no numbers, for which `read` throws; of rank 0, float64.
        public var faults: Tensor
    }

    public let selector: TokenSelector
    /// Valid tokens of each pool, none of them 0.
    public let groups: [Int]
    private let policy: any PerturbingPolicy

    /// - Parameter groups: as `TokenSelector.select` takes them.
    /// - Throws: `Obstacle`'s sentence as `SelectionError.needsHost`; `.nothingValid`.
    public init(_ selector: TokenSelector, groups: [Int]) throws {
        guard let policy = selector.policy as? any PerturbingPolicy, Self.obstacle(to: selector) == nil else {
            throw SelectionError.needsHost(reason: Self.obstacle(to: selector)!)
        }
        (self.selector, self.groups, self.policy) = (selector, groups.filter { $0 > 0 }, policy)
        guard !self.groups.isEmpty else { throw SelectionError.nothingValid }
    }

    public static func obstacle(to selector: TokenSelector) -> Obstacle? {
        guard selector.policy is any PerturbingPolicy else { return .policy("\(type(of: selector.policy))") }
        return selector.policy.usesScores && selector.score.comparesTokens ? .score("\(type(of: selector.score))") : nil
    }

    /// Tokens that compete.
    public var count: Int { groups.reduce(0, +) }
    /// Tokens that are taken.
    public var selectedCount: Int { groups.reduce(0) { $0 + selector.count(of: $1) } }

    /// In the order in which `TokenSelector.select` draws.
    public func noise(from generator: Generator) -> Noise {
        Noise(
            perturbation: policy.perturbation(of: count, from: generator),
            ties: selector.ties == .random ? generator.uniform([count], dtype: .float64) : nil)
    }

    // MARK: On the device

    /// - Parameters:
    ///   - measurements: of the valid tokens, `[N]`, in order.
    ///   - noise: where the measurements are.
    public func callAsFunction(_ measurements: TokenMeasurements, noise: Noise) -> Outcome {
        withoutGradient {
            precondition(measurements.loss.size(0) == count, "pools of \(groups) tokens don't make \(measurements.loss.size(0))")
            let scores = selector.policy.usesScores ? selector.scores(of: measurements, groups: groups) : measurements.loss
            let proposal = policy.keys(for: scores, perturbation: noise.perturbation)
            precondition(
                proposal.keys.shape == [count],
                "\(SelectionError.wrongKeyCount(policy: "\(type(of: policy))", found: proposal.keys.count, expected: count))")
            let keys = proposal.keys.converted(to: .float64)
            // The most significant first. Adding 0 makes one zero of both.
            let columns = [proposal.candidates?.converted(to: .float64), keys + 0, noise.ties].compactMap { $0 }
            let invalid = notNumbers(keys)
            var (figures, faults) = ([invalid.reshaped([1])], invalid)
            if selector.policy.usesScores {
                figures.append(scores.converted(to: .float64))
                faults = faults + notNumbers(scores)
            }
            if let candidates = proposal.candidates { figures.append(candidates.converted(to: .float64)) }
            return Outcome(indices: highest(columns), figures: figures, faults: faults)
        }
    }

    /// How many; what isn't a number is no number's equal, itself not excepted.
    private func notNumbers(_ values: Tensor) -> Tensor {
        (Operator.notEqual(values, values) as Tensor).converted(to: .float64).sum()
    }

    /// The positions with the highest rows of `columns` in each pool, ascending.
    private func highest(_ columns: [Tensor]) -> Tensor {
        guard selectedCount < count else { return .range(count, on: columns[0].device) }
        // Pools of one length are ranked together.
        if Set(groups).count == 1 {
            let starts: Tensor = Operator.multiplyScalar(Tensor.range(groups.count, on: columns[0].device), groups[0])
            let chosen = ranked(columns.map { $0.reshaped([groups.count, groups[0]]) })
            return (chosen + starts.unsqueezed(1)).reshaped([-1])
        }
        return .concatenated(
            TokenSelector.ranges(groups).map { range in
                let chosen = ranked(columns.map { $0.slice(range).reshaped([1, range.count]) })
                return (Operator.addScalar(chosen, range.lowerBound) as Tensor).reshaped([-1])
            })
    }

    /// Of pools side by side, `[pools, n] → [pools, k]`: stable sorts, by the least significant column first, so that the earlier of
    /// equals stays the first.
    private func ranked(_ columns: [Tensor]) -> Tensor {
        let length = columns[0].size(1)
        let taken = selector.count(of: length)
        var order: Tensor?
        for column in columns.reversed() {
            let values = order.map { Operator.gather(column, 1, $0) as Tensor } ?? column
            let next = values.descendingOrder()
            order = order.map { Operator.gather($0, 1, next) as Tensor } ?? next
        }
        let (ascending, _): (Tensor, Tensor) = Operator.sort(
            order!.slice(0..<taken, along: 1), stable: true, dim: -1, descending: false)
        return ascending
    }

    // MARK: On the host

    /// What the host says of a selection, from the values of `indices` and of `figures`.
    ///
    /// - Throws: `SelectionError.notANumber`
    public func read(indices: [Int], figures: ArraySlice<Double>) throws -> TokenSelection {
        let usesScores = selector.policy.usesScores
        var rest = figures
        func take(_ count: Int) -> [Double] {
            defer { rest = rest.dropFirst(count) }
            return Array(rest.prefix(count))
        }
        let invalid = take(1)[0]
        let scores = usesScores ? take(count) : []
        let candidates = rest.isEmpty ? nil : take(count).map { $0 != 0 }
        guard !scores.contains(where: \.isNaN) else {
            throw SelectionError.notANumber(what: "score \(type(of: selector.score))")
        }
        guard invalid == 0 else { throw SelectionError.notANumber(what: "a key of policy \(type(of: selector.policy))") }
        var left = indices[...]
        return selector.selection(from: groups, scores: scores, candidates: candidates) { count, _ in
            defer { left = left.dropFirst(count) }
            return Array(left.prefix(count))
        }
    }
}
