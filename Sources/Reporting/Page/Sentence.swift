import Analysis

/// Differences in words, as the summary and the tables say them: what is not decided is called undecided.
enum Sentence {
    /// −0.071 … −0.051
    static func interval(_ lower: Double?, _ upper: Double?, _ decimals: Int = 3) -> String {
        guard let lower, let upper else { return "" }
        return "\(NumberText.signed(lower, decimals))\u{A0}…\u{A0}\(NumberText.signed(upper, decimals))"
    }

    /// "0.061 nats below CLM (95 % interval −0.071 … −0.051)", or that it is undecided.
    static func comparison(_ difference: PairedDifference, with other: String) -> String {
        let interval = interval(difference.lowerBound, difference.upperBound)
        guard difference.excludesZero else {
            return "undecided against \(other): \(NumberText.signed(difference.difference, 3)) nats (95 % interval \(interval))"
        }
        let side = difference.difference < 0 ? "below" : "above"
        return "\(NumberText.fixed(abs(difference.difference), 3)) nats \(side) \(other) (95 % interval \(interval))"
    }

    /// A label at the beginning of a sentence.
    static func capitalized(_ text: String) -> String { text.prefix(1).uppercased() + text.dropFirst() }

    /// a, b and c
    static func list(_ items: [String]) -> String {
        guard let last = items.last, items.count > 1 else { return items.first ?? "" }
        return items.dropLast().joined(separator: ", ") + " and " + last
    }

    /// 1 seed, 3 seeds
    static func count(_ number: Int, _ noun: String) -> String {
        "\(NumberText.count(number)) \(noun)\(number == 1 ? "" : "s")"
    }
}

extension HTML {
    /// A number with a smaller one under it.
    static func stacked(_ value: HTML, under small: HTML?) -> HTML {
        guard let small else { return value }
        return "\(value)<span class=\"interval\">\(small)</span>"
    }

    /// A difference over its interval; grey where the interval holds zero.
    static func difference(_ difference: PairedDifference?, _ decimals: Int = 3) -> HTML {
        guard let difference else { return "\(NumberText.none)" }
        let interval = Sentence.interval(difference.lowerBound, difference.upperBound, decimals)
        return """
            <span class="\(difference.excludesZero ? "" : "faint")">\(NumberText.signed(difference.difference, decimals))\
            <span class="interval">\(interval)</span></span>
            """
    }

    /// An aside with a list; nothing where there is nothing to say.
    static func notice(_ title: String, _ sentences: [String]) -> HTML {
        guard !sentences.isEmpty else { return "" }
        return """
            <aside class="notice"><h3>\(title)</h3><ul>\(sentences.map { "<li>\($0)</li>" as HTML }.joined())</ul></aside>
            """
    }
}
