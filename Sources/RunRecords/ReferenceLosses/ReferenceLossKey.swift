/// What a reference-loss store is the losses of: all that decides its numbers. A run reads a store only where every field
/// is its own.
public struct ReferenceLossKey: Sendable, Hashable {
    /// Content hash of the shard; of several corpora that are numbered through, their hashes joined by `+`.
    public var tokens: String
    public var blockLength: Int
    /// The token between two documents; `nil` where they follow each other directly.
    public var separatorID: Int32?
    /// What became of the tokens that don't fill the last block: `drop` or `pad`.
    public var tail: String
    /// Content hash of the reference's model.
    public var model: String
    /// Content hash of the reference's adapter; `nil` for the model alone.
    public var adapter: String?
    /// Element type of weights and activations, such as `float32`.
    public var precision: String
    /// Which arithmetic: Winnow's revision of it and libtorch's version.
    public var numerics: String

    public init(
        tokens: String, blockLength: Int, separatorID: Int32?, tail: String, model: String, adapter: String?,
        precision: String, numerics: String
    ) {
        (self.tokens, self.blockLength, self.separatorID, self.tail) = (tokens, blockLength, separatorID, tail)
        (self.model, self.adapter, self.precision, self.numerics) = (model, adapter, precision, numerics)
    }

    /// One field in which two keys differ.
    public struct Difference: Sendable, Hashable {
        public var field: String
        public var stored: String
        public var needed: String
    }

    /// Where this key, a store's, isn't the one that is needed.
    public func differences(from needed: ReferenceLossKey) -> [Difference] {
        zip(fields, needed.fields).filter { $0.value != $1.value }.map {
            Difference(field: $0.name, stored: $0.value, needed: $1.value)
        }
    }

    /// Under the names that the file's metadata has for them.
    var fields: [(name: String, value: String)] {
        [
            ("tokens", tokens), ("blockLength", "\(blockLength)"), ("separator", separatorID.map { "\($0)" } ?? Self.none),
            ("tail", tail), ("model", model), ("adapter", adapter ?? Self.none), ("precision", precision),
            ("numerics", numerics),
        ]
    }

    /// One line that is equal where, and only where, the keys are.
    public var text: String { fields.map { "\($0.name)=\($0.value)" }.joined(separator: " ") }

    /// - Throws: `RunRecordError.notAReferenceLossFile` with the first field that is missing or can't be read.
    init(metadata: [String: String], file: String) throws {
        func missing(_ name: String) -> RunRecordError {
            .notAReferenceLossFile(file: file, reason: "its metadata has no readable `\(name)`")
        }
        func text(_ name: String) throws -> String {
            guard let value = metadata[name] else { throw missing(name) }
            return value
        }
        // At most what `lengths`, of I32, can count.
        guard let blockLength = Int32(try text("blockLength")), blockLength >= 2 else { throw missing("blockLength") }
        let (separator, adapter) = (try text("separator"), try text("adapter"))
        let separatorID = Int32(separator)
        guard separatorID != nil || separator == Self.none else { throw missing("separator") }
        self.init(
            tokens: try text("tokens"), blockLength: Int(blockLength), separatorID: separatorID, tail: try text("tail"),
            model: try text("model"), adapter: adapter == Self.none ? nil : adapter, precision: try text("precision"),
            numerics: try text("numerics"))
    }

    private static let none = "none"
}
