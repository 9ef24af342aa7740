/// A document's text, and what is decided by it.
struct DocumentText: Sendable {
    var name: String
    var text: String
    /// Bytes that are not UTF-8 were replaced.
    var isRepaired: Bool
    var fingerprint: DocumentFingerprint

    init(_ document: RawDocument, field: String) throws {
        (text, isRepaired) = try document.text(field: field)
        name = document.name
        fingerprint = DocumentFingerprint(text)
    }
}

/// A document's tokens, and what is kept of its text.
struct EncodedDocument: Sendable {
    var name: String
    var tokens: [Int32]
    var textBytes: Int
    var isRepaired: Bool
    var fingerprint: DocumentFingerprint

    init(_ document: DocumentText, by encoder: any TextEncoder) {
        (name, textBytes, isRepaired) = (document.name, document.text.utf8.count, document.isRepaired)
        (tokens, fingerprint) = (encoder.encode(document.text), document.fingerprint)
    }
}
