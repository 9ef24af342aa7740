import Torch
import Training

/// What the run computes on, and how exactly.
public struct ComputeRecipe: Equatable, Sendable {
    public var device = Device.cpu
    /// Of the weights and activations, `float32` or `bfloat16`. Losses, adapters and their optimizer states are float32 in either case;
    /// without an adapter, trained weights and optimizer states are of this type.
    public var dtype = DType.float32
    /// What forward passes multiply by in a frozen weight's place.
    public var frozen = FrozenWeights.exact
    /// CPU threads; 0 takes all cores, or this rank's share of the machine's.
    public var threads = 0
    /// Kernels, or what they are held against.
    public var arithmetic = Runtime.Arithmetic.kernels
    /// Where tokens are selected.
    public var selection = SelectionPlace.auto
    /// Whether steps are recorded and repeated.
    public var graphs = GraphUse.auto

    /// Embeddings, norms, the head, adapters, gradients and evaluations are computed in `dtype` whatever this says.
    public enum FrozenWeights: String, CaseIterable, Sendable {
        /// The weights, in `dtype`.
        case exact
        /// The weights rounded to bfloat16 and held so, in every pass, forward and backward: half the memory. Products widen them, so
        /// that nothing is rounded where the model's file is in bfloat16.
        case bfloat16
        /// int8, in the reference's passes alone.
        case int8Reference
        /// int8, in the reference's passes, in scoring and in the forward pass that is trained on.
        case int8
    }

    /// What linear layers' weights are held in.
    var layerDType: DType { frozen == .bfloat16 ? .bfloat16 : dtype }
    var hasInt8Reference: Bool { frozen == .int8 || frozen == .int8Reference }

    /// What a reference's losses are computed in, as their store names it.
    package var referencePrecision: String {
        "\(dtype)" + (hasInt8Reference ? ", int8 layers" : frozen == .bfloat16 ? ", bfloat16 layers" : "")
            + (arithmetic == .kernels ? "" : ", \(arithmetic.rawValue)")
    }
    /// What a run computes in, as its manifest names it.
    var precision: String {
        switch frozen {
        case .exact: "\(dtype)"
        case .bfloat16: "\(dtype), layers held in bfloat16"
        case .int8Reference: "\(dtype), reference with int8 layers"
        case .int8: "\(dtype), forward passes with int8 layers"
        }
    }

    public init() {}
}

extension ComputeRecipe: RecipeSection {
    mutating func visit(_ visitor: inout some RecipeVisitor) {
        visitor.value("device", &device)
        visitor.value("dtype", &dtype)
        visitor.value("frozen", &frozen)
        visitor.value("threads", &threads, .atLeast(0, atMost: 1 << 12))
        visitor.value("arithmetic", &arithmetic)
        visitor.value("selection", &selection)
        visitor.value("graphs", &graphs)
        visitor.refuse(
            "frozen", with: ["device", "dtype"], if: frozen != .exact && (device != .cpu || dtype != .float32),
            "is \(frozen.rawValue), which is made for float32 on the CPU, and the run computes in \(dtype) on "
                + "\(device)", fix: "write frozen: exact, or device: cpu and dtype: float32")
        let (records, repeats) = (graphs == .on, graphs == .on || graphs == .rehearsed)
        visitor.refuse(
            "graphs", with: ["device"], if: records && device == .cpu, "is on, and a CPU has no graphs",
            fix: "write auto, or rehearsed to do on a CPU what would be recorded")
        visitor.refuse(
            "graphs", with: ["selection", "device"],
            if: repeats && (selection == .host || selection == .auto && device == .cpu) && !(records && device == .cpu),
            "is \(graphs.rawValue), and tokens are selected on the host, for which a step has to wait",
            fix: "write selection: device")
    }
}

extension ComputeRecipe.FrozenWeights: RecipeChoice {}
extension Runtime.Arithmetic: RecipeChoice {}
extension SelectionPlace: RecipeChoice {}
extension GraphUse: RecipeChoice {}

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
