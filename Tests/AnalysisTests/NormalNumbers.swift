import Analysis
import Foundation

/// Normal random numbers for simulations: a function of the seed (Box and Muller).
struct NormalNumbers {
    private let generator: CounterGenerator
    private var counter: UInt64 = 0
    private var rest: [Double] = []

    init(seed: UInt64) { generator = CounterGenerator(seed: seed) }

    mutating func next() -> Double {
        if let number = rest.popLast() { return number }
        let words = generator.block(counter)
        counter += 1
        for (first, second) in [(words.0, words.1), (words.2, words.3)] {
            let radius = (-2 * log(Double((first >> 11) + 1) * 0x1p-53)).squareRoot()
            let angle = 2 * Double.pi * Double(second >> 11) * 0x1p-53
            rest += [radius * cos(angle), radius * sin(angle)]
        }
        return rest.removeLast()
    }
}
