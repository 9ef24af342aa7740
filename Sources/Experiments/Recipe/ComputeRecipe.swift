/// What the run computes on, and how exactly.
public struct ComputeRecipe: Codable, Equatable, Sendable {
    public enum Precision: String, Codable, CaseIterable, Sendable {
        case float32, bfloat16
    }

    public var device = Processor.cpu
    /// Of the weights and activations; losses and optimizer states are float32 in either case.
    public var dtype = Precision.float32
    /// CPU threads; 0 takes all cores.
    public var threads = 0

    public init() {}
}

extension ComputeRecipe.Precision: RecipeChoice {}

extension ComputeRecipe: RecipeSection {
    mutating func visit(_ visitor: inout some RecipeVisitor) {
        visitor.value("device", &device)
        visitor.value("dtype", &dtype)
        visitor.value("threads", &threads, .atLeast(0, atMost: 1 << 12))
    }
}

/// `cpu`, `cuda` (the first GPU) or `cuda:N`.
public enum Processor: Codable, Hashable, Sendable {
    case cpu
    case cuda(Int)
}

extension Processor: RecipeValue {
    init(_ node: RecipeNode) throws(RecipeComplaint) {
        let text = try String(node)
        if text == "cpu" {
            self = .cpu
        } else if let match = text.wholeMatch(of: /cuda(?::([0-9]{1,3}))?/) {
            self = .cuda(match.1.flatMap { Int($0) } ?? 0)
        } else {
            throw .not("a device", node, fix: "write cpu, cuda or cuda:1")
        }
    }

    var written: RecipeNode {
        switch self {
        case .cpu: .plain("cpu")
        case .cuda(let index): .text("cuda:\(index)")
        }
    }
}
