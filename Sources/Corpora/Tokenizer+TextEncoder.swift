import Tokenizers

extension Tokenizer: TextEncoder {
    public func encode(_ text: String) -> [Int32] { encode(text, addSpecialTokens: false) }
    public func decode(_ tokens: [Int32]) -> String { decode(tokens, skipSpecialTokens: false) }
}
