import Foundation

/// A LoRA adapter's `adapter_config.json`, in PEFT's words.
public struct AdapterConfiguration: Sendable, Hashable {
    /// r, the inner width of every pair of matrices.
    public var rank: Int
    /// α; the adapter's product counts α / r times.
    public var alpha: Double
    /// The probability of dropping an element of the adapter's input in training.
    public var dropout: Double
    public var targetModules: TargetModules
    /// The model that the adapter changes: a folder's or a repository's name.
    public var baseModel: String?

    /// α / r.
    public var scale: Double { alpha / Double(rank) }

    /// The modules that carry an adapter.
    public enum TargetModules: Sendable, Hashable {
        /// `q_proj` is every module of this name, `layers.0.self_attn.q_proj` the one whose path ends so.
        case names([String])
        /// A regular expression that a module's whole path matches.
        case pattern(String)
    }

    public init(
        rank: Int, alpha: Double, dropout: Double = 0, targetModules: TargetModules, baseModel: String? = nil
    ) {
        (self.rank, self.alpha, self.dropout) = (rank, alpha, dropout)
        (self.targetModules, self.baseModel) = (targetModules, baseModel)
    }

    /// Reads an `adapter_config.json`.
    ///
    /// - Throws: `CheckpointError.unsupportedSetting`, `.invalid`, `.malformed`, each naming the file.
    public init(contentsOf url: URL) throws {
        self = try JSONFile.decode(AdapterConfiguration.self, from: url)
    }

    /// - Parameter file: what errors call the place that the configuration came from.
    /// - Throws: `CheckpointError.invalid` with every problem found.
    public func validate(file: String = "adapter_config.json") throws {
        var problems: [String] = []
        if rank < 1 { problems.append("r is \(rank), below 1") }
        if !alpha.isFinite { problems.append("lora_alpha is \(alpha)") }
        if !(0..<1).contains(dropout) { problems.append("lora_dropout is \(dropout), not in 0..<1") }
        switch targetModules {
        case .names([]): problems.append("target_modules is empty")
        case .pattern(let pattern):
            if (try? NSRegularExpression(pattern: pattern)) == nil {
                problems.append("target_modules '\(pattern)' is not a regular expression")
            }
        case .names: break
        }
        if let problem = targetModules.problem { problems.append(problem) }
        guard problems.isEmpty else { throw CheckpointError.invalid(file: file, problems: problems) }
    }
}

extension AdapterConfiguration.TargetModules {
    /// Whether the module of this path, such as `model.layers.0.self_attn.q_proj`, carries an adapter.
    public func contains(_ module: String) -> Bool {
        switch self {
        case .names(let names):
            return names.contains { module == $0 || module.hasSuffix("." + $0) }
        case .pattern(let pattern):
            guard let expression = try? NSRegularExpression(pattern: "^(?:\(pattern))$") else { return false }
            return Self.matches(expression, module)
        }
    }

    /// Of a name, or of the whole pattern, in UTF-8 bytes; and of names, of which the largest Llama has 882.
    static let (longestName, mostNames) = (1000, 1000)

    /// A pattern such as `(a+)+b` backtracks until ICU's stack is full, a second a module: one that has not decided after
    /// some hundred thousand steps, a few milliseconds, does not match.
    private static func matches(_ expression: NSRegularExpression, _ module: String) -> Bool {
        var (isFound, reports) = (false, 0)
        let range = NSRange(module.startIndex..., in: module)
        // ICU reports progress every ten thousand steps.
        expression.enumerateMatches(in: module, options: .reportProgress, range: range) { match, _, stop in
            isFound = match != nil
            reports += 1
            stop.pointee = ObjCBool(isFound || reports > 20)
        }
        return isFound
    }

    /// What is too long to be tried on every module of a model.
    fileprivate var problem: String? {
        switch self {
        case .names(let names):
            names.count > Self.mostNames || names.contains { $0.utf8.count > Self.longestName }
                ? "target_modules has more than \(Self.mostNames) names, or one of more than \(Self.longestName) bytes" : nil
        case .pattern(let pattern):
            pattern.utf8.count > Self.longestName ? "target_modules is a pattern of more than \(Self.longestName) bytes" : nil
        }
    }
}
