/// One thing that Winnow wants from the machine: what was found, or what to do where it was not.
public struct Requirement: Sendable, Hashable {
    public enum Purpose: String, Sendable, Codable {
        /// Without it nothing runs.
        case everything
        /// Training on one's own model and text does without it.
        case defaultStudy = "the default study"
        case tables = "Parquet and Arrow files"
        case tests
        case speed
    }

    public enum State: Sendable, Hashable {
        case met(String)
        case missing(String, fix: String)
    }

    public var name: String
    public var purpose: Purpose
    public var state: State

    public init(_ name: String, for purpose: Purpose, _ state: State) {
        (self.name, self.purpose, self.state) = (name, purpose, state)
    }

    public var isMet: Bool {
        if case .met = state { true } else { false }
    }

    /// Whether a user, as opposed to a contributor or the owner of a GPU, cannot do without it.
    public var isNecessary: Bool { purpose == .everything || purpose == .defaultStudy }

    public var detail: String {
        switch state {
        case .met(let detail), .missing(let detail, _): detail
        }
    }

    /// The command or the change that would meet it; `nil` where it is met.
    public var fix: String? {
        if case .missing(_, let fix) = state { fix } else { nil }
    }
}

extension Requirement: Encodable {
    enum CodingKeys: String, CodingKey { case name, purpose, met, necessary, detail, fix }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.container(keyedBy: CodingKeys.self)
        try container.encode(name, forKey: .name)
        try container.encode(purpose, forKey: .purpose)
        try container.encode(isMet, forKey: .met)
        try container.encode(isNecessary, forKey: .necessary)
        try container.encode(detail, forKey: .detail)
        try container.encodeIfPresent(fix, forKey: .fix)
    }
}
