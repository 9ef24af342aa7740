import Foundation

/// The JSON object `base` with the keys of `changes` on top and the key `missing` taken away.
func json(_ base: String, changed changes: String = "{}", without missing: String? = nil) throws -> Data {
    func object(_ text: String) throws -> [String: Any] {
        try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
    }
    var keys = try object(base).merging(object(changes)) { _, new in new }
    if let missing { keys[missing] = nil }
    return try JSONSerialization.data(withJSONObject: keys)
}
