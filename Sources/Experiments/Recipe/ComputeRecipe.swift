import Models
import Torch
import Training

/// What the run computes on, and how exactly.
public struct ComputeRecipe: Equatable, Sendable {
    public var device = Device.cpu
    /// Of the weights and activations, `float32` or `bfloat16`. Losses, adapters and their optimizer states are float32 in either case;
    /// without an adapter, trained weights and optimizer states are of this type.
    public var dtype = DType.float32
    /// How frozen layers' weights are held and multiplied by.
    public var frozen = FrozenWeights.exact
    /// The same of the reference's.
    public var reference = ReferenceWeights.same
    /// What a backward pass computes again instead of remembering it.
    public var recompute = Recomputation.nothing
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
        /// As the model's file has them, in 4, 8 or 16 bits, in every pass: nothing is rounded that isn't in the file.
        case packed
        /// Rounded to 8 bits with a scale a row, in every pass.
        case int8PerRow
        /// Rounded to QLoRA's NF4, 4 bits and a largest magnitude for 64 inputs, in every pass.
        case nf4
        /// int8 beside the exact weights, in the reference's passes, in scoring and in the forward pass that is trained on.
        case int8

        /// What is loaded.
        var storage: LayerStorage {
            switch self {
            case .exact, .int8: .exact
            case .bfloat16: .bfloat16
            case .packed: .packed
            case .int8PerRow: .int8PerRow
            case .nf4: .nf4
            }
        }

        /// As records name the layers.
        fileprivate var layers: String {
            switch self {
            case .packed: "packed layers"
            case .int8PerRow: "int8-per-row layers"
            default: "\(rawValue) layers"
            }
        }
    }

    public enum ReferenceWeights: Equatable, Sendable {
        /// As the student's: a base or an adapter's reference is then no second copy.
        case same
        /// A copy beside the student, where that holds its own otherwise.
        case held(FrozenWeights)
    }

    /// What a backward pass computes again, to the same bits.
    public enum Recomputation: String, CaseIterable, Sendable {
        case nothing = "none"
        /// Each layer, from its input.
        case layers
    }

    var referenceWeights: FrozenWeights {
        switch reference {
        case .same: frozen
        case .held(let weights): weights
        }
    }

    /// What a reference's losses are computed in, as their store names it.
    package var referencePrecision: String {
        "\(dtype)" + (referenceWeights == .exact ? "" : ", \(referenceWeights.layers)")
            + (arithmetic == .kernels ? "" : ", \(arithmetic.rawValue)")
    }
    /// What a run computes in, as its manifest names it.
    var precision: String {
        let student =
            switch frozen {
            case .exact: ""
            case .bfloat16: ", layers held in bfloat16"
            case .packed: ", layers packed as in the file"
            case .int8PerRow: ", layers packed in int8 with a scale a row"
            case .nf4: ", layers packed in nf4"
            case .int8: ", forward passes with int8 layers"
            }
        return "\(dtype)" + student + (referenceWeights == frozen ? "" : ", reference with \(referenceWeights.layers)")
    }

    public init() {}
}

extension ComputeRecipe: RecipeSection {
    mutating func visit(_ visitor: inout some RecipeVisitor) {
        visitor.value("device", &device)
        visitor.value("dtype", &dtype)
        visitor.value("frozen", &frozen)
        visitor.value("reference", &reference)
        visitor.value("recompute", &recompute)
        visitor.value("threads", &threads, .atLeast(0, atMost: 1 << 12))
        visitor.value("arithmetic", &arithmetic)
        visitor.value("selection", &selection)
        visitor.value("graphs", &graphs)
        for (key, weights) in [("frozen", frozen), ("reference", reference == .same ? .exact : referenceWeights)] {
            visitor.refuse(
                key, with: ["device", "dtype"], if: weights != .exact && (device != .cpu || dtype != .float32),
                "is \(weights.rawValue), which is made for float32 on the CPU, and the run computes in \(dtype) on "
                    + "\(device)", fix: "write \(key): exact, or device: cpu and dtype: float32")
        }
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
extension ComputeRecipe.Recomputation: RecipeChoice {}

extension ComputeRecipe.ReferenceWeights: RecipeValue {
    init(_ node: RecipeNode) throws(RecipeComplaint) {
        let words = ["same"] + ComputeRecipe.FrozenWeights.allCases.map(\.rawValue)
        if let complaint = Constraint.oneOf(words).complaint(about: node) { throw complaint }
        self = ComputeRecipe.FrozenWeights(rawValue: try String(node)).map(Self.held) ?? .same
    }

    var written: RecipeNode {
        switch self {
        case .same: .text("same")
        case .held(let weights): weights.written
        }
    }
}

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
