import Foundation

/// Student's t distribution, for intervals from a handful of seeds.
package enum StudentT {
    /// The t that a share `probability` of draws lies below.
    ///
    /// - Parameters:
    ///   - probability: above 0 and below 1.
    ///   - degreesOfFreedom: at least 1.
    package static func quantile(_ probability: Double, degreesOfFreedom: Int) -> Double {
        precondition(probability > 0 && probability < 1 && degreesOfFreedom > 0)
        if probability < 0.5 { return -quantile(1 - probability, degreesOfFreedom: degreesOfFreedom) }
        var (low, high) = (0.0, 2.0)
        while cumulative(high, degreesOfFreedom) < probability { (low, high) = (high, 2 * high) }
        // Bisection down to neighbouring doubles: at most some sixty halvings.
        while true {
            let middle = low + (high - low) / 2
            guard middle > low, middle < high else { return high }
            if cumulative(middle, degreesOfFreedom) < probability { low = middle } else { high = middle }
        }
    }

    /// P(T ≤ t), t ≥ 0.
    static func cumulative(_ t: Double, _ degreesOfFreedom: Int) -> Double {
        let n = Double(degreesOfFreedom)
        // Of the two forms, the one whose argument is the smaller: the other would lose digits near 1.
        return t * t < n
            ? 0.5 + 0.5 * incompleteBeta(t * t / (n + t * t), 0.5, n / 2)
            : 1 - 0.5 * incompleteBeta(n / (n + t * t), n / 2, 0.5)
    }

    /// The regularized incomplete beta function Iₓ(a, b) by its continued fraction (DLMF 8.17.22), evaluated from the front by
    /// Lentz's method.
    private static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
        guard x > 0 else { return 0 }
        guard x < 1 else { return 1 }
        // The fraction converges quickly below the mean; Iₓ(a, b) = 1 − I₁₋ₓ(b, a) carries the other side over.
        if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(1 - x, b, a) }
        let tiny = 1e-300
        func nonzero(_ value: Double) -> Double { abs(value) < tiny ? tiny : value }
        var c = 1.0
        var d = 1 / nonzero(1 - (a + b) * x / (a + 1))
        var fraction = d
        for m in 1...10_000 {
            let m = Double(m)
            let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
            d = 1 / nonzero(1 + even * d)
            c = nonzero(1 + even / c)
            fraction *= c * d
            let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            d = 1 / nonzero(1 + odd * d)
            c = nonzero(1 + odd / c)
            fraction *= c * d
            if abs(c * d - 1) < 1e-16 { break }
        }
        let front = exp(logGamma(a + b) - logGamma(a) - logGamma(b) + a * log(x) + b * log1p(-x))
        return front * fraction / a
    }

    /// ln Γ(x) for x > 0: Stirling's series (DLMF 5.11.1) once x is carried past 10. The C library's `lgamma` writes a global.
    private static func logGamma(_ x: Double) -> Double {
        var (x, shift) = (x, 0.0)
        while x < 10 {
            shift += log(x)
            x += 1
        }
        let r = 1 / (x * x)
        let series = (1 / 12.0 - r * (1 / 360.0 - r * (1 / 1260.0 - r * (1 / 1680.0 - r * (1 / 1188.0))))) / x
        return (x - 0.5) * log(x) - x + 0.5 * log(2 * Double.pi) + series - shift
    }
}
