/// Typed look-ups in a GGUF file's metadata, with errors that name the file and the key.
struct GGUFMetadata {
    let values: [String: GGUFValue]
    let file: String

    init(_ values: [String: GGUFValue], file: String) {
        (self.values, self.file) = (values, file)
    }

    /// - Throws: `CheckpointError.unknownArchitecture`.
    func family() throws -> any ModelFamily {
        let name = try architectureName()
        guard let family = GGUFArchitecture.known[name] else {
            throw CheckpointError.unknownArchitecture(name: name, file: file, known: GGUFArchitecture.known.keys.sorted())
        }
        return family
    }

    /// `general.architecture`, which is also the first part of the family's own keys.
    func architectureName() throws -> String { try required("general.architecture", string("general.architecture")) }

    /// The heads of a query or key projection, by its Hugging Face name; `nil` for every other tensor.
    func headCount(ofProjection name: String) throws -> Int? {
        let isQuery = name.contains(".self_attn.q_proj.")
        guard isQuery || name.contains(".self_attn.k_proj.") else { return nil }
        let family = try architectureName()
        let heads = try required("\(family).attention.head_count", integer("\(family).attention.head_count"))
        return try isQuery ? heads : integer("\(family).attention.head_count_kv") ?? heads
    }

    func required<Value>(_ key: String, _ value: Value?) throws -> Value {
        guard let value else { throw CheckpointError.malformed(file: file, problem: "the metadata lacks '\(key)'") }
        return value
    }

    /// An integer; an array that says the same for every layer counts as one.
    func integer(_ key: String) throws -> Int? {
        switch values[key] {
        case nil: return nil
        case .integer(let value)?: return Int(value)
        case .integers(let all)? where !all.isEmpty && all.allSatisfy { $0 == all[0] }: return Int(all[0])
        case let other?: throw wrongType(key, other, wanted: "an integer")
        }
    }

    func float(_ key: String) throws -> Double? {
        switch values[key] {
        case nil: return nil
        case .float(let value)?: return value
        case .integer(let value)?: return Double(value)
        case let other?: throw wrongType(key, other, wanted: "a number")
        }
    }

    func bool(_ key: String) throws -> Bool? {
        switch values[key] {
        case nil: return nil
        case .bool(let value)?: return value
        case let other?: throw wrongType(key, other, wanted: "a bool")
        }
    }

    func string(_ key: String) throws -> String? {
        switch values[key] {
        case nil: return nil
        case .string(let value)?: return value
        case let other?: throw wrongType(key, other, wanted: "a string")
        }
    }

    func strings(_ key: String) throws -> [String]? {
        switch values[key] {
        case nil: return nil
        case .strings(let value)?: return value
        case let other?: throw wrongType(key, other, wanted: "an array of strings")
        }
    }

    func integers(_ key: String) throws -> [Int64]? {
        switch values[key] {
        case nil: return nil
        case .integers(let value)?: return value
        case let other?: throw wrongType(key, other, wanted: "an array of integers")
        }
    }

    func floats(_ key: String) throws -> [Double]? {
        switch values[key] {
        case nil: return nil
        case .floats(let value)?: return value
        case let other?: throw wrongType(key, other, wanted: "an array of floats")
        }
    }

    private func wrongType(_ key: String, _ value: GGUFValue, wanted: String) -> CheckpointError {
        let shown = String("\(value)".prefix(60))
        return .malformed(file: file, problem: "'\(key)' is \(shown), where \(wanted) is needed")
    }
}
