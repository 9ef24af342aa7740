import Torch

/// What the run computes on, and how exactly.
public struct ComputeRecipe: Equatable, Sendable {
    public var device = Device.cpu
    /// Of the weights and activations, `float32` or `bfloat16`; losses and optimizer states are float32 in either case.
    public var dtype = DType.float32
    /// CPU threads; 0 takes all cores.
    public var threads = 0
    /// Kernels, or what they are held against.
    public var arithmetic = Runtime.Arithmetic.kernels

    public init() {}
}

extension ComputeRecipe: RecipeSection {
    mutating func visit(_ visitor: inout some RecipeVisitor) {
        visitor.value("device", &device)
        visitor.value("dtype", &dtype)
        visitor.value("threads", &threads, .atLeast(0, atMost: 1 << 12))
        visitor.value("arithmetic", &arithmetic)
    }
}

extension Runtime.Arithmetic: RecipeChoice {}

extension Device: RecipeValue {
    init(_ node: RecipeNode) throws(RecipeComplaint) {
        guard let device = Device(try String(node)) else { throw .not("a device", node, fix: "write cpu, cuda or cuda:1") }
        self = device
    }

    var written: RecipeNode { .text(description) }
}

extension DType: RecipeValue {
    /// The types that a model can be trained in.
    private static let trainable: [String: DType] = ["float32": .float32, "bfloat16": .bfloat16]

    init(_ node: RecipeNode) throws(RecipeComplaint) {
        if let complaint = Constraint.oneOf(Self.trainable.keys.sorted()).complaint(about: node) { throw complaint }
        self = Self.trainable[try String(node)]!
    }

    var written: RecipeNode { .text(String(describing: self)) }
}
