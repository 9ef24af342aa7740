import Torch

/// Chooses the next token from a model's logits.
public struct TokenSampler {
    public struct Options: Sendable, Equatable {
        /// What logits are divided by; at 0 the likeliest token is taken.
        public var temperature = 1.0
        /// Draws from the fewest tokens whose probabilities together reach this: nucleus sampling (Holtzman et al. 2019,
        /// arXiv:1904.09751). 1 draws from all.
        public var topP = 1.0
        public var seed: UInt64 = 0

        public init() {}
    }

    public let options: Options
    private let generator: Generator

    /// - Throws: `ModelError.badSampling` unless the temperature is 0 or above, and 0 < top-p ≤ 1.
    public init(_ options: Options = Options()) throws {
        guard options.temperature >= 0, options.temperature.isFinite else {
            throw ModelError.badSampling(
                "a temperature of \(options.temperature); the lowest is 0, which takes the likeliest token")
        }
        guard options.topP > 0, options.topP <= 1 else {
            throw ModelError.badSampling("a top-p of \(options.topP); it is above 0 and at most 1, which draws from all tokens")
        }
        (self.options, generator) = (options, Generator(seed: options.seed))
    }

    /// - Parameter logits: `[V]`
    /// - Throws: `ModelError.badLogits` where one is not a number, or all are −∞.
    public func next(_ logits: Tensor) throws -> Int32 {
        try withoutGradient {
            let order = logits.descendingOrder()
            let sorted = logits.rows(order).converted(to: .float64)
            let highest: Double = sorted.slice(0..<1).item()
            guard highest.isFinite else { throw ModelError.badLogits }
            guard options.temperature > 0 else { return Int32(order.slice(0..<1).item(Int.self)) }
            // The highest is taken off first, so that no division overflows.
            let weights: [Double] = ((sorted - highest) / Tensor(scalar: options.temperature)).exponential().values()
            let place = draw(weights)
            return Int32(order.slice(place..<place + 1).item(Int.self))
        }
    }

    /// A place in `weights`, which descend, with a probability proportional to the weight among the nucleus.
    private func draw(_ weights: [Double]) -> Int {
        let limit = options.topP * weights.reduce(0, +)
        var (nucleus, mass) = (0, 0.0)
        while nucleus < weights.count, mass < limit {
            mass += weights[nucleus]
            nucleus += 1
        }
        var left = generator.uniform([1], dtype: .float64).item(Double.self) * mass
        for place in 0..<nucleus {
            left -= weights[place]
            if left < 0 { return place }
        }
        return nucleus - 1
    }
}
