/// Σ xᵢyᵢ in float64, in eight interleaved sums so that the compiler can use vector registers.
func dot<Scalar: BinaryFloatingPoint>(_ x: [Scalar], _ y: [Scalar]) -> Double {
    precondition(x.count == y.count)
    return x.withUnsafeBufferPointer { x in
        y.withUnsafeBufferPointer { y in
            var sums = SIMD8<Double>()
            var index = 0
            while index + 8 <= x.count {
                for lane in 0..<8 { sums[lane] += Double(x[index + lane]) * Double(y[index + lane]) }
                index += 8
            }
            var sum = sums.sum()
            while index < x.count {
                sum += Double(x[index]) * Double(y[index])
                index += 1
            }
            return sum
        }
    }
}
