/// A piece of HTML. Interpolated strings are escaped, interpolated HTML is not, so that no text from a study becomes markup.
struct HTML: ExpressibleByStringInterpolation, Sendable, Equatable {
    var text: String

    init(stringLiteral text: String) { self.text = text }

    /// Trusted markup: the page's own style and script, the embedded library.
    init(trusted text: String) { self.text = text }

    init(stringInterpolation: StringInterpolation) { text = stringInterpolation.text }

    struct StringInterpolation: StringInterpolationProtocol {
        var text = ""

        init(literalCapacity: Int, interpolationCount: Int) { text.reserveCapacity(literalCapacity) }

        mutating func appendLiteral(_ literal: String) { text += literal }
        mutating func appendInterpolation(_ html: HTML) { text += html.text }
        mutating func appendInterpolation(_ number: Int) { text += String(number) }
        mutating func appendInterpolation(_ string: String) { text += HTML.escape(string) }
    }

    static func escape(_ string: String) -> String {
        var escaped = ""
        escaped.reserveCapacity(string.utf8.count)
        for character in string.unicodeScalars {
            switch character {
            case "&": escaped += "&amp;"
            case "<": escaped += "&lt;"
            case ">": escaped += "&gt;"
            case "\"": escaped += "&quot;"
            case "'": escaped += "&#39;"
            default: escaped.unicodeScalars.append(character)
            }
        }
        return escaped
    }

    static func + (left: HTML, right: HTML) -> HTML { HTML(trusted: left.text + right.text) }
}

extension Sequence<HTML> {
    func joined(_ separator: HTML = "\n") -> HTML { HTML(trusted: map(\.text).joined(separator: separator.text)) }
}
