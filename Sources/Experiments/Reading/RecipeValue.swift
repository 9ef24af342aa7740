import Foundation

/// A type that a recipe's key can hold: read from a YAML value and written back as one.
protocol RecipeValue: Equatable, Sendable {
    init(_ node: RecipeNode) throws(RecipeComplaint)
    var written: RecipeNode { get }
}

/// Why a YAML value is not what its key wants.
struct RecipeComplaint: Error {
    /// The keys below the value where the fault lies; empty where it is the value itself.
    var below: String = ""
    let message: String
    let fix: String
    /// What else is wrong with a value of several parts.
    var further: [RecipeComplaint] = []

    /// "is `abc`, not a whole number; write …"
    static func not(_ what: String, _ node: RecipeNode, fix: String) -> RecipeComplaint {
        RecipeComplaint(message: "is \(node.summary), not \(what)", fix: fix)
    }
}

extension RecipeNode {
    /// The text of a scalar without quotes, as numbers and booleans are written; nil for anything else.
    fileprivate var plainText: String? {
        guard case .scalar(let text, quoted: false) = content else { return nil }
        return text
    }

    /// Whether nothing was written, or YAML's word for it.
    var isNull: Bool { ["", "~", "null", "Null", "NULL"].contains(plainText) }
}

extension Int: RecipeValue {
    init(_ node: RecipeNode) throws(RecipeComplaint) {
        let digits = node.plainText?.replacing("_", with: "") ?? ""
        // `6e4` is a whole number too.
        let value = Int(digits) ?? (try? Double(node)).flatMap(Int.init(exactly:))
        guard let value else { throw .not("a whole number", node, fix: "write digits, as in 60000") }
        self = value
    }

    var written: RecipeNode { .plain(String(self)) }
}

extension Double: RecipeValue {
    /// Accepts `1e-4` as well as YAML 1.1's `1.0e-4`; refuses hexadecimal, infinity and not-a-number.
    init(_ node: RecipeNode) throws(RecipeComplaint) {
        let digits = node.plainText?.replacing("_", with: "") ?? ""
        guard digits.allSatisfy({ "0123456789.eE+-".contains($0) }), let value = Double(digits), value.isFinite else {
            throw .not("a number", node, fix: "write digits, as in 0.5 or 1.0e-4")
        }
        self = value
    }

    /// The fewest digits that read back as the same value, with the point that YAML 1.1 asks for: `1.0e-05`.
    var written: RecipeNode {
        let digits = description
        guard let exponent = digits.firstIndex(of: "e"), !digits.contains(".") else { return .plain(digits) }
        return .plain(digits[..<exponent] + ".0" + digits[exponent...])
    }
}

extension Bool: RecipeValue {
    init(_ node: RecipeNode) throws(RecipeComplaint) {
        switch node.plainText {
        case "true": self = true
        case "false": self = false
        default: throw .not("true or false", node, fix: "write true or false")
        }
    }

    var written: RecipeNode { .plain(String(self)) }
}

extension String: RecipeValue {
    /// Any scalar that is not empty: a name made of digits needs no quotes.
    init(_ node: RecipeNode) throws(RecipeComplaint) {
        guard case .scalar(let text, _) = node.content, !text.isEmpty else {
            throw .not("text", node, fix: "write a word or a path")
        }
        self = text
    }

    var written: RecipeNode { .text(self) }
}

extension Array: RecipeValue where Element == String {
    init(_ node: RecipeNode) throws(RecipeComplaint) {
        guard case .sequence(let items) = node.content, !items.isEmpty else {
            throw .not("a list of names", node, fix: "write them between brackets: [q_proj, v_proj]")
        }
        var names: [String] = []
        for item in items {
            let name = try String(item)
            guard !names.contains(name) else { throw RecipeComplaint(message: "names `\(name)` twice", fix: "name each once") }
            names.append(name)
        }
        self = names
    }

    var written: RecipeNode { RecipeNode(content: .sequence(map(\.written))) }
}

/// `none` is nil.
extension Optional: RecipeValue where Wrapped: RecipeValue {
    init(_ node: RecipeNode) throws(RecipeComplaint) {
        self = node.plainText == "none" ? nil : try Wrapped(node)
    }

    var written: RecipeNode { self?.written ?? .plain("none") }
}

extension Dictionary: RecipeValue where Key == String, Value: RecipeValue {
    init(_ node: RecipeNode) throws(RecipeComplaint) {
        guard let entries = node.entries else { throw .not("a list of names and values", node, fix: "write {name: value}") }
        self = [:]
        var complaints: [RecipeComplaint] = []
        for entry in entries {
            do throws(RecipeComplaint) {
                if let complaint = Constraint.label.complaint(about: .text(entry.key)) { throw complaint }
                self[entry.key] = try Value(entry.value)
            } catch {
                complaints.append(RecipeComplaint(below: entry.key, message: error.message, fix: error.fix))
            }
        }
        if var first = complaints.first {
            first.further = Array(complaints.dropFirst())
            throw first
        }
    }

    var written: RecipeNode {
        let entries = sorted { $0.key < $1.key }.map { RecipeNode.Entry(key: $0.key, place: nil, value: $0.value.written) }
        return RecipeNode(content: .mapping(entries))
    }
}

/// An enumeration whose cases are the words that a key accepts.
protocol RecipeChoice: RecipeValue, CaseIterable, RawRepresentable where RawValue == String {}

extension RecipeChoice {
    init(_ node: RecipeNode) throws(RecipeComplaint) {
        let words = Self.allCases.map(\.rawValue)
        if let complaint = Constraint.oneOf(words).complaint(about: node) { throw complaint }
        self = Self(rawValue: try String(node))!
    }

    var written: RecipeNode { .text(rawValue) }
}
