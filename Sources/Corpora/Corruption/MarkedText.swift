/// A text of which one knows what is bad.
public struct MarkedText: Sendable, Equatable {
    public let text: String
    /// Bytes of the text's UTF-8 that are bad, ascending.
    public let bad: [Range<Int>]
    /// Bytes that are there for their meaning alone and neither good nor bad, ascending: the question before an answer.
    public let context: [Range<Int>]

    public init(_ text: String, bad: [Range<Int>], context: [Range<Int>] = []) {
        (self.text, self.bad, self.context) = (text, bad, context)
    }

    /// What the edits put into the text is bad.
    public init(_ edited: EditedText) { self.init(edited.text, bad: edited.replaced) }
}
