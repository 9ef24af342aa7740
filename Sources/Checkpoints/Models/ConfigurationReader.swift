/// A `config.json` being read: look-ups, and refusals that name the file, the key and its value.
struct ConfigurationReader {
    typealias Key = ModelConfiguration.CodingKeys

    let container: KeyedDecodingContainer<Key>
    /// Its path, for errors.
    let file: String

    /// `nil` where the key is missing or null.
    func value<Value: Decodable>(_ key: Key, as _: Value.Type = Value.self) throws -> Value? {
        try container.decodeIfPresent(Value.self, forKey: key)
    }

    /// `missing` where the key is missing; `nil` where it is null.
    func value<Value: Decodable>(_ key: Key, missing: Value?) throws -> Value? {
        container.contains(key) ? try container.decodeIfPresent(Value.self, forKey: key) : missing
    }

    func required<Value: Decodable>(_ key: Key, as _: Value.Type = Value.self) throws -> Value {
        try container.decode(Value.self, forKey: key)
    }

    /// Refuses every value but one; a key that is missing or null is taken to have it.
    func require<Value: Decodable & Equatable>(_ key: Key, _ only: Value) throws {
        let found = try value(key, as: Value.self) ?? only
        guard found == only else { throw refusal(key, found, supported: "\(only)") }
    }

    func refusal(_ key: Key, _ value: Any, supported: String) -> CheckpointError {
        .unsupportedSetting(key: key.rawValue, value: "\(value)", file: file, supported: supported)
    }
}
