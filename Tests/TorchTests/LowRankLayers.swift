import Torch

/// Layers that share an input, each with an adapter; before each, two columns that no adapter adds to.
struct LowRankLayers {
    /// Of all layers' outputs.
    let width: Int
    private let columns: [Range<Int>]
    private let matrices: [(a: Tensor, b: Tensor)]

    init(_ layers: [(outputs: Int, rank: Int)], inputs: Int, random: (_ rows: Int, _ columns: Int) -> Tensor) {
        matrices = layers.map { (a: random($0.rank, inputs), b: random($0.outputs, $0.rank)) }
        var (columns, width) = ([Range<Int>](), 0)
        for layer in layers {
            columns.append(width + 2..<width + 2 + layer.outputs)
            width += 2 + layer.outputs
        }
        (self.columns, self.width) = (columns, width)
    }

    func group(_ dtype: DType, dropout: Dropout?) -> LowRankGroup {
        LowRankGroup(
            zip(matrices, columns).enumerated().map { index, pair in
                .init(a: pair.0.a.converted(to: dtype), b: pair.0.b.converted(to: dtype), columns: pair.1, stream: index + 3)
            }, scale: 1.7, dropout: dropout)
    }
}
