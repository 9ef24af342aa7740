import Foundation

/// Unicode normalization form C, which Qwen 2's tokenizer asks for.
///
/// Foundation does it, but for two faults seen in Swift 6.3: it leaves a Hangul syllable and the consonant after it apart while joining letters
/// that do not belong together, and it may lose a character above U+20000 to the accents after it. So Hangul is
/// composed here, by the standard's arithmetic (Unicode 16, section 3.12), and such characters are normalized by themselves. Both
/// cuts are safe, since neither kind composes with anything else.
///
/// Hugging Face's `tokenizers` orders combining marks as Unicode did some years ago: where text holds several
/// newer marks in a row, the order may differ.
enum CanonicalComposition {
    static func apply(to text: UnsafeBufferPointer<UInt8>) -> [UInt8] {
        // Below U+0300, whose first byte is 0xCC, everything is composed.
        if text.allSatisfy({ $0 < 0xCC }) { return Array(text) }
        var result = ""
        var run = String.UnicodeScalarView()
        var runKind = Kind.other
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            let kind = Kind(scalar)
            if kind != runKind || kind == .alone {
                result += composed(run, runKind)
                run = String.UnicodeScalarView()
            }
            run.append(scalar)
            runKind = kind
        }
        return Array((result + composed(run, runKind)).utf8)
    }

    private enum Kind {
        case hangul, alone, other

        init(_ scalar: Unicode.Scalar) {
            switch scalar.value {
            case 0x1100...0x11FF, 0xAC00...0xD7A3: self = .hangul
            case 0x20000...: self = .alone
            default: self = .other
            }
        }
    }

    private static func composed(_ run: String.UnicodeScalarView, _ kind: Kind) -> String {
        String(kind == .hangul ? composedHangul(run) : String(run).precomposedStringWithCanonicalMapping.unicodeScalars)
    }

    private static func composedHangul(_ run: String.UnicodeScalarView) -> String.UnicodeScalarView {
        let (leading, vowel, trailing, syllable): (UInt32, UInt32, UInt32, UInt32) = (0x1100, 0x1161, 0x11A7, 0xAC00)
        let (vowelCount, trailingCount): (UInt32, UInt32) = (21, 28)
        var result: [UInt32] = []
        for scalar in run {
            let value = scalar.value
            if let last = result.last {
                if leading..<leading + 19 ~= last, vowel..<vowel + vowelCount ~= value {
                    result[result.count - 1] = syllable + ((last - leading) * vowelCount + value - vowel) * trailingCount
                    continue
                }
                if last >= syllable, (last - syllable) % trailingCount == 0, trailing + 1..<trailing + trailingCount ~= value {
                    result[result.count - 1] = last + value - trailing
                    continue
                }
            }
            result.append(value)
        }
        return String.UnicodeScalarView(result.lazy.compactMap { Unicode.Scalar($0) })
    }
}
