extension JSONValue {
    /// Parses a whole UTF-8 document (RFC 8259). A lone surrogate escape becomes U+FFFD.
    init(parsing bytes: some Collection<UInt8>, file: String) throws {
        let bytes = ContiguousArray(bytes)
        self = try bytes.withUnsafeBufferPointer { buffer in
            var parser = JSONParser(bytes: buffer, file: file)
            return try parser.document()
        }
    }
}

/// A recursive-descent parser over a buffer that outlives it.
private struct JSONParser {
    let bytes: UnsafeBufferPointer<UInt8>
    let file: String
    var position = 0
    var depth = 0

    /// Nesting that no tokenizer has, and that would not overflow a thread's stack.
    static let deepest = 200

    mutating func document() throws -> JSONValue {
        let value = try value()
        skipSpace()
        guard position == bytes.count else { throw expected("the end of the file") }
        return value
    }

    func expected(_ what: String) -> TokenizerError {
        .invalidJSON(file: file, offset: position, expected: what)
    }

    mutating func skipSpace() {
        while position < bytes.count, [0x20, 0x0A, 0x0D, 0x09].contains(bytes[position]) { position += 1 }
    }

    /// The next byte that is not space.
    mutating func peek() -> UInt8? {
        skipSpace()
        return position < bytes.count ? bytes[position] : nil
    }

    mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek() == UInt8(ascii: character) else { return false }
        position += 1
        return true
    }

    mutating func value() throws -> JSONValue {
        switch peek() {
        case UInt8(ascii: "{"): return try nested { try $0.object() }
        case UInt8(ascii: "["): return try nested { try $0.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        default: return try number()
        }
    }

    mutating func nested(_ parse: (inout JSONParser) throws -> JSONValue) throws -> JSONValue {
        depth += 1
        defer { depth -= 1 }
        guard depth <= Self.deepest else { throw expected("at most \(Self.deepest) levels of nesting") }
        return try parse(&self)
    }

    mutating func object() throws -> JSONValue {
        var members: [(key: String, value: JSONValue)] = []
        position += 1
        if take("}") { return .object(members) }
        repeat {
            guard peek() == UInt8(ascii: "\"") else { throw expected("a key") }
            let key = try string()
            guard take(":") else { throw expected("`:`") }
            members.append((key, try value()))
        } while take(",")
        guard take("}") else { throw expected("`,` or `}`") }
        return .object(members)
    }

    mutating func array() throws -> JSONValue {
        var elements: [JSONValue] = []
        position += 1
        if take("]") { return .array(elements) }
        repeat { elements.append(try value()) } while take(",")
        guard take("]") else { throw expected("`,` or `]`") }
        return .array(elements)
    }

    mutating func word(_ text: StaticString, _ value: JSONValue) throws -> JSONValue {
        let end = position + text.utf8CodeUnitCount
        let matches = text.withUTF8Buffer { end <= bytes.count && bytes[position..<end].elementsEqual($0) }
        guard matches else { throw expected("a value") }
        position = end
        return value
    }

    mutating func number() throws -> JSONValue {
        let start = position
        while position < bytes.count, "+-.eE0123456789".utf8.contains(bytes[position]) { position += 1 }
        guard start < position, let number = Double(String(decoding: bytes[start..<position], as: UTF8.self)) else {
            position = start
            throw expected("a value")
        }
        return .number(number)
    }

    /// A string, the position being at its opening quote.
    mutating func string() throws -> String {
        position += 1
        let start = position
        while position < bytes.count, bytes[position] != UInt8(ascii: "\""), bytes[position] != UInt8(ascii: "\\") {
            position += 1
        }
        guard position < bytes.count else { throw expected("a closing quote") }
        if bytes[position] == UInt8(ascii: "\"") {
            defer { position += 1 }
            return String(decoding: bytes[start..<position], as: UTF8.self)
        }
        var text = Array(bytes[start..<position])
        while position < bytes.count {
            let byte = bytes[position]
            position += 1
            switch byte {
            case UInt8(ascii: "\""): return String(decoding: text, as: UTF8.self)
            case UInt8(ascii: "\\"): text.append(contentsOf: String(try escape()).utf8)
            default: text.append(byte)
            }
        }
        throw expected("a closing quote")
    }

    /// The scalar that an escape stands for, the position being after its backslash.
    mutating func escape() throws -> Unicode.Scalar {
        guard position < bytes.count else { throw expected("an escape") }
        let kind = bytes[position]
        position += 1
        switch kind {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(kind)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{C}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"):
            let unit = try hexadecimalUnit()
            guard unit & 0xFC00 == 0xD800 else { return Unicode.Scalar(unit) ?? "\u{FFFD}" }
            let rewind = position
            guard position + 1 < bytes.count, bytes[position] == UInt8(ascii: "\\"), bytes[position + 1] == UInt8(ascii: "u")
            else {
                return "\u{FFFD}"
            }
            position += 2
            let low = try hexadecimalUnit()
            guard low & 0xFC00 == 0xDC00 else {
                position = rewind
                return "\u{FFFD}"
            }
            return Unicode.Scalar(0x10000 + (unit & 0x3FF) << 10 + low & 0x3FF) ?? "\u{FFFD}"
        default:
            throw expected("an escape")
        }
    }

    mutating func hexadecimalUnit() throws -> UInt32 {
        guard position + 4 <= bytes.count,
            let unit = UInt32(String(decoding: bytes[position..<position + 4], as: UTF8.self), radix: 16)
        else { throw expected("four hexadecimal digits") }
        position += 4
        return unit
    }
}
