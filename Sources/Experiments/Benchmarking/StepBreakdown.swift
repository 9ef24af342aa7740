import Models
import Torch
import Training

/// Where the time of real steps goes, by kind of work.
///
/// Nothing is repeated in isolation: steps run as `winnow train` runs them, and every call into libtorch is timed where it stands,
/// with the caches as its neighbours left them.
public struct StepBreakdown: Sendable, Codable {
    public enum Kind: String, Sendable, Codable, CaseIterable {
        /// With frozen weights, and of adapters: what an adapter adds to a product is part of the same call.
        case layerProducts = "layer products"
        case attention
        case rowKernels = "row kernels"
        /// The head's products, and cross-entropy.
        case head = "head and losses"
        case optimizer
        /// Copies, shapes, ranking, the gradients' norm.
        case otherOperators = "other operators"
        /// Autograd's own: reckoning over nodes, and all of the backward of layers that run operator by operator.
        case autograd
        /// Swift's part: batches, random numbers, bookkeeping.
        case outside = "outside libtorch"
    }

    public struct Part: Sendable, Codable {
        public var kind: Kind
        /// Of a step, the mean of those timed.
        public var seconds: Double
        public var calls: Double
        /// By the counted operations; nil where none are counted, or where a part of them stands elsewhere.
        public var operationsPerSecond: Double?
    }

    /// Of a step, with the clock's own cost.
    public var seconds: Double
    public var parts: [Part]

    /// - Parameters:
    ///   - totals: of all the steps together.
    ///   - seconds: of all the steps together.
    ///   - tokens: of one step.
    init(
        _ totals: [OperatorClock.Call: OperatorClock.Total], steps: Int, seconds: Double, tokens: Int, cost: StepCost,
        shapes: ProductShapes
    ) {
        var sums: [Kind: (seconds: Double, calls: Int)] = [:]
        for (call, total) in totals {
            let kind = Self.kind(of: call, shapes)
            let sum = sums[kind] ?? (0, 0)
            sums[kind] = (sum.seconds + total.seconds, sum.calls + total.calls)
        }
        sums[.outside] = (seconds - totals.values.reduce(0) { $0 + $1.seconds }, 0)
        // Where autograd differentiates operator by operator, the backward's products can't be told from the rest.
        let isItemized = (sums[.autograd]?.seconds ?? 0) < 0.05 * seconds
        parts = Kind.allCases.compactMap { kind in
            guard let total = sums[kind] else { return nil }
            let perStep = total.seconds / Double(steps)
            let operations = isItemized ? cost.operations(of: kind).map { $0 * Double(tokens) } : nil
            return Part(
                kind: kind, seconds: perStep, calls: Double(total.calls) / Double(steps),
                operationsPerSecond: operations.map { $0 / perStep })
        }
        self.seconds = seconds / Double(steps)
    }

    private static let products: Set = [
        "denseForward", "denseBackward", "mkldnn::_linear_pointwise", "aten::linear", "aten::matmul", "aten::addmm",
        "aten::addmm_", "aten::mm",
    ]
    private static let rowKernels: Set = [
        "rmsNorm", "rmsNormBackward", "swiGLU", "swiGLUBackward", "rotate", "aten::rms_norm", "aten::silu",
    ]

    private static func kind(of call: OperatorClock.Call, _ shapes: ProductShapes) -> Kind {
        let name = call.name
        if products.contains(name) || name.contains("qlinear") { return shapes.owner(of: call.shapes) }
        if ["int8", "packed", "lowRank"].contains(where: name.hasPrefix) { return .layerProducts }
        if name.contains("ttention") { return .attention }
        if name.contains("rossEntropy") || name == "aten::logsumexp" { return .head }
        if rowKernels.contains(name) { return .rowKernels }
        if name == "aten::_fused_adamw_" { return .optimizer }
        return name == "backward" ? .autograd : .otherOperators
    }
}

/// Tells a product's owner by the shapes that meet in it.
struct ProductShapes {
    /// `[out, in]` of each layer, of up to three neighbours that may share an input, and the same turned.
    private let base: Set<[Int]>
    /// The narrow side of an adapter's products: up to three modules share an input.
    private let narrow: Int

    init(_ model: any CausalLM, adapter: LoRAAdapter?) {
        let shapes = model.linearLayers.map(\.shape)
        var base: Set<[Int]> = []
        for first in shapes.indices {
            for last in first..<min(first + 3, shapes.count) where shapes[last][1] == shapes[first][1] {
                let outputs = shapes[first...last].reduce(0) { $0 + $1[0] }
                base.formUnion([[outputs, shapes[first][1]], [shapes[first][1], outputs]])
            }
        }
        self.base = base
        narrow = 3 * (adapter?.options.rank ?? 0)
    }

    func owner(of shapes: [[Int]]) -> StepBreakdown.Kind {
        guard let weight = shapes.last, weight.count == 2 else { return .otherOperators }
        return base.contains(weight) || weight.min()! <= narrow ? .layerProducts : .head
    }
}
