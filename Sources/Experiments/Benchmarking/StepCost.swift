import Models

/// The floating-point operations that a training step needs, counted from the shapes; a multiply-add is two.
///
/// A matrix of N weights costs 2N a token forwards and 2N for the gradient of its input. A frozen one gets no gradient of
/// its own; a trained one costs 2N more. Selection needs the head's backward pass on the selected tokens alone. Attention's own
/// products (4·T·D a token and layer where all positions see all) are counted at half, since it is causal, and for fewer positions
/// in layers with a window. What a
/// program does beyond that (recomputing, padding) is its own affair, so a share of the peak is an honest one.
public struct StepCost: Sendable, Equatable {
    /// In the linear layers of the decoder.
    public var layerWeights: Int
    public var headWeights: Int
    /// A and B of the adapter; 0 where the whole model is trained.
    public var adapterWeights: Int
    /// 2·T·D summed over layers, for one token: both of attention's products over the T/2 positions it sees on average. In a layer
    /// with a window of w < T it sees w·(1 − w/2T) of them.
    public var attentionOperations: Int
    /// Share of the tokens that carry the loss.
    public var ratio: Double
    /// Whether a reference's forward pass belongs to the step.
    public var scoresLive: Bool

    /// A forward pass of the bare model, for a token.
    public var forward: Double { 2 * Double(layerWeights + headWeights) + Double(attentionOperations) }

    /// A whole training step, for a token.
    public var training: Double {
        [.layerProducts, .attention, .head].reduce(0) { $0 + operations(of: $1)! }
    }

    /// A whole training step's of one kind, for a token; nil where they aren't counted.
    func operations(of kind: StepBreakdown.Kind) -> Double? {
        let trainsAll = adapterWeights == 0
        let passes: Double = scoresLive ? 1 : 0
        return switch kind {
        case .layerProducts: ((trainsAll ? 6 : 4) + 2 * passes) * Double(layerWeights) + 6 * Double(adapterWeights)
        case .attention: (3 + passes) * Double(attentionOperations)
        case .head: (2 + (trainsAll ? 4 : 2) * ratio + 2 * passes) * Double(headWeights)
        default: nil
        }
    }

    init(_ model: any CausalLM, adapter: LoRAAdapter?, sequenceLength: Int, ratio: Double, scoresLive: Bool) {
        layerWeights = model.linearLayers.reduce(0) { $0 + $1.shape.reduce(1, *) }
        headWeights = model.headWeight.count
        adapterWeights = adapter?.parameters.reduce(0) { $0 + $1.tensor.count } ?? 0
        let configuration = model.configuration
        let seenTwice = (0..<configuration.layerCount).reduce(0) { sum, layer in
            let window = min(configuration.pieces.window?.length(inLayer: layer) ?? sequenceLength, sequenceLength)
            return sum + window * (2 * sequenceLength - window) / sequenceLength
        }
        attentionOperations = 2 * seenTwice * configuration.headCount * configuration.headSize
        (self.ratio, self.scoresLive) = (ratio, scoresLive)
    }
}
