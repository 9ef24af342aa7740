import Torch

/// Continues a text token by token, keeping the keys and values of what it has seen.
public struct TextGenerator {
    public struct Options: Sendable, Equatable {
        /// Tokens to add at most.
        public var maximumTokenCount = 100
        public var sampling = TokenSampler.Options()
        /// Tokens that end a text. They aren't part of the continuation.
        public var stopIDs: Set<Int32> = []

        public init() {}
    }

    /// Why a continuation ends.
    public enum StopReason: String, Sendable, Codable {
        /// The model ended the text.
        case stopToken
        /// `maximumTokenCount` is reached.
        case tokenCount
        /// The model has no more positions.
        case positions
    }

    /// What was added to the prompt.
    public struct Continuation: Sendable, Equatable {
        public var tokens: [Int32]
        public var stopReason: StopReason

        public init(tokens: [Int32] = [], stopReason: StopReason = .tokenCount) {
            (self.tokens, self.stopReason) = (tokens, stopReason)
        }
    }

    private let model: any CausalLM
    private let adapter: LoRAAdapter?

    public init(_ model: any CausalLM, adapter: LoRAAdapter? = nil) { (self.model, self.adapter) = (model, adapter) }

    /// - Parameters:
    ///   - prompt: at least one token; a model's beginning-of-text token is the caller's to add.
    ///   - onToken: told each token as soon as it is chosen.
    /// - Throws: `ModelError.emptyPrompt`, `.tokenOutOfVocabulary`, `.sequenceTooLong`, `.badSampling`, `.badLogits`.
    public func continuation(
        of prompt: [Int32], options: Options = Options(), onToken: (Int32) throws -> Void = { _ in }
    ) throws -> Continuation {
        let sampler = try TokenSampler(options.sampling)
        let (vocabulary, positions) = (model.configuration.vocabularySize, model.configuration.maximumPositionCount)
        guard !prompt.isEmpty else { throw ModelError.emptyPrompt }
        guard prompt.count <= positions else { throw ModelError.sequenceTooLong(prompt.count, limit: positions) }
        if let stranger = prompt.first(where: { $0 < 0 || Int($0) >= vocabulary }) {
            throw ModelError.tokenOutOfVocabulary(Int(stranger), vocabularySize: vocabulary)
        }

        let cache = KeyValueCache()
        var (fresh, result) = (prompt, Continuation())
        while result.tokens.count < options.maximumTokenCount {
            guard cache.length + fresh.count <= positions else {
                result.stopReason = .positions
                break
            }
            let next = try sampler.next(nextLogits(fresh, cache))
            if options.stopIDs.contains(next) {
                result.stopReason = .stopToken
                break
            }
            result.tokens.append(next)
            try onToken(next)
            fresh = [next]
        }
        return result
    }

    /// What the model expects after `tokens`, `[V]`: the head sees the last position alone.
    private func nextLogits(_ tokens: [Int32], _ cache: KeyValueCache) -> Tensor {
        withoutGradient {
            let inputIDs = Tensor(tokens.map(Int64.init), shape: [1, tokens.count], on: model.headWeight.device)
            let hidden = model.hiddenStates(inputIDs, adapter: adapter, dropout: nil, cache: cache, gradientRows: nil)
            let last = hidden.slice(tokens.count - 1..<tokens.count, along: 1).reshaped([1, -1])
            return (Operator.linear(last, model.headWeight) as Tensor).reshaped([-1])
        }
    }
}
