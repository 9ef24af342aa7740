import ArgumentParser
import Foundation
import Winnow

/// `winnow buckets`: how tokens moved between high and low loss.
struct BucketsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "buckets",
        abstract: "Count the tokens that moved between high and low loss.",
        discussion: """
            A token is high (H) where its loss is at or above a quantile of the baseline's losses and low (L) below it; the \
            baseline's threshold serves both sides. HL counts tokens that were H in the baseline and are L in the variant.
            """)

    @Option(help: "The baseline's token-loss file (`winnow evaluate --token-losses`).")
    var baseline: String

    @Option(help: "The variant's token-loss file, of the same tokens.")
    var variant: String

    @Option(help: "Which quantile of the baseline's losses divides H from L.")
    var quantile = 0.7

    @Flag(help: "Print one JSON object.")
    var json = false

    func validate() throws {
        guard (0...1).contains(quantile) else { throw ValidationError("--quantile lies between 0 and 1, not at \(quantile)") }
    }

    func run() throws {
        let buckets = try TokenBuckets(
            baseline: TokenLossFile.read(URL(fileURLWithPath: baseline)),
            variant: TokenLossFile.read(URL(fileURLWithPath: variant)), quantile: quantile)
        if json {
            print(String(decoding: try RecordFile.encoder().encode(Output(buckets)), as: UTF8.self))
        } else {
            print(table(buckets))
        }
    }

    private struct Output: Encodable {
        /// Widened, so that a reader gets the float32 back to the last bit.
        var threshold: Double
        var total, HH, HL, LH, LL: Int
        var netShare, meanChange: Double

        init(_ buckets: TokenBuckets) {
            (threshold, total) = (Double(buckets.threshold), buckets.total)
            (HH, HL, LH, LL) = (buckets.highToHigh, buckets.highToLow, buckets.lowToHigh, buckets.lowToLow)
            (netShare, meanChange) = (buckets.netShare, buckets.meanChange)
        }
    }

    private func table(_ buckets: TokenBuckets) -> String {
        func line(_ name: String, _ count: Int) -> String {
            String(format: "%@  %10d  %6.2f %%", name, count, 100 * Double(count) / Double(buckets.total))
        }
        return """
            threshold    \(String(format: "%.6f", buckets.threshold)) nats (the baseline's \(quantile) quantile)
            \(line("H→H", buckets.highToHigh))
            \(line("H→L", buckets.highToLow))
            \(line("L→H", buckets.lowToHigh))
            \(line("L→L", buckets.lowToLow))
            \(line("all", buckets.total))
            net          \(String(format: "%+.2f %%", 100 * buckets.netShare)) (H→L − L→H)
            mean change  \(String(format: "%+.6f", buckets.meanChange)) nats a token
            """
    }
}
