import Foundation

/// How the report and the terminal write numbers: a real minus sign, fixed decimals, a dash where there is none.
enum NumberText {
    static let none = "–"

    static func fixed(_ value: Double?, _ decimals: Int) -> String {
        guard let value else { return none }
        guard value.isFinite else { return value.isNaN ? "not a number" : value < 0 ? "−∞" : "∞" }
        return minus(String(format: "%.\(decimals)f", value))
    }

    static func signed(_ value: Double?, _ decimals: Int) -> String {
        guard let value, value.isFinite else { return fixed(value, decimals) }
        let text = fixed(value, decimals)
        return value > 0 && text.contains { $0 != "0" && $0 != "." } ? "+" + text : text
    }

    static func loss(_ value: Double?) -> String { fixed(value, 3) }
    static func perplexity(_ value: Double?) -> String { fixed(value, 2) }
    static func percent(_ share: Double?, _ decimals: Int = 1) -> String {
        share.map { fixed($0 * 100, decimals) + "\u{A0}%" } ?? none
    }
    static func signedPercent(_ share: Double?, _ decimals: Int = 2) -> String {
        share.map { signed($0 * 100, decimals) + "\u{A0}%" } ?? none
    }

    /// 134,515,008
    static func count(_ value: Int?) -> String {
        guard let value else { return none }
        let digits = Array(String(value.magnitude))
        var text = ""
        for (index, digit) in digits.enumerated() {
            if index > 0, (digits.count - index) % 3 == 0 { text.append(",") }
            text.append(digit)
        }
        return (value < 0 ? "−" : "") + text
    }

    /// A mean of counts, to the nearest; a dash where it is none.
    static func count(_ value: Double?) -> String { count(value.flatMap { Int(exactly: $0.rounded()) }) }

    /// 47 s, 3 min 05 s, 2 h 07 min
    static func duration(_ seconds: Double?) -> String {
        guard let seconds, seconds.isFinite else { return none }
        // A thousand years: nothing that was measured.
        guard abs(seconds) < 3e10 else { return none }
        let whole = Int(seconds.rounded())
        switch whole {
        case ..<60: return seconds < 10 ? fixed(seconds, 1) + " s" : "\(whole) s"
        case ..<3600: return "\(whole / 60) min " + String(format: "%02d s", whole % 60)
        default: return "\(whole / 3600) h " + String(format: "%02d min", whole % 3600 / 60)
        }
    }

    /// For a style sheet, which knows no typographic minus.
    static func cssNumber(_ value: Double) -> String { String(format: "%.3f", value) }

    /// −0.0 and −0.000 are zero.
    private static func minus(_ text: String) -> String {
        guard text.hasPrefix("-") else { return text }
        let digits = text.dropFirst()
        return digits.contains { $0 != "0" && $0 != "." } ? "−" + digits : String(digits)
    }
}
