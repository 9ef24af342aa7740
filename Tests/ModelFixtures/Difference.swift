/// How far two lists of numbers are apart.
public struct Difference: CustomStringConvertible {
    /// max |found − expected|
    public let largest: Double
    /// max |expected|
    public let scale: Double
    /// ‖found − expected‖ / ‖expected‖, in the L2 norm.
    public let relativeNorm: Double

    // Inlinable, so that it is compiled for the types at hand: the default model has 135 million gradients.
    @inlinable
    public init(_ found: [some BinaryFloatingPoint], _ expected: [some BinaryFloatingPoint]) {
        precondition(found.count == expected.count, "\(found.count) values against \(expected.count)")
        var (largest, scale, squares, total) = (0.0, 0.0, 0.0, 0.0)
        for index in found.indices {
            let expected = Double(expected[index])
            let gap = abs(Double(found[index]) - expected)
            // NaN is as far as can be: max() would pass it over.
            largest = gap.isNaN ? .infinity : max(largest, gap)
            scale = max(scale, abs(expected))
            squares += gap * gap
            total += expected * expected
        }
        (self.largest, self.scale) = (largest, scale)
        relativeNorm = squares == 0 ? 0 : squares.isNaN ? .infinity : (squares / total).squareRoot()
    }

    /// Whether every value is within `absolute + relative · max |expected|`.
    public func isWithin(absolute: Double = 0, relative: Double = 0) -> Bool { largest <= absolute + relative * scale }

    public var description: String { "largest difference \(largest) at values up to \(scale), relative norm \(relativeNorm)" }
}
