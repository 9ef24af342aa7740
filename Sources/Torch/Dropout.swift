import CTorch

/// Dropout without state: whether a value is dropped is a function of a key, its row and its column. The backward pass asks again
/// instead of remembering, and every device drops the same.
public struct Dropout: Sendable, Equatable {
    let key: UInt64
    /// Of 65,536 values.
    let dropped: UInt32
    let firstRow: Int

    /// - Parameters:
    ///   - probability: that a value is dropped, in `0..<1`; taken to the nearest 65,536th.
    ///   - key: another one gives independent masks.
    ///   - firstRow: the row of the mask that a tensor's first row is, for who has a part of a batch.
    public init(probability: Double, key: UInt64, firstRow: Int = 0) {
        precondition((0..<1).contains(probability), "a probability of dropping of \(probability)")
        dropped = min(65_535, UInt32((probability * 65_536).rounded()))
        (self.key, self.firstRow) = (key, firstRow)
    }

    /// The mask of one among several inputs.
    public func stream(_ index: Int) -> Dropout {
        Dropout(key: SplitMix.mixed(key ^ SplitMix.mixed(UInt64(index))), dropped: dropped, firstRow: firstRow)
    }

    private init(key: UInt64, dropped: UInt32, firstRow: Int) {
        (self.key, self.dropped, self.firstRow) = (key, dropped, firstRow)
    }

    /// What a value that is kept is multiplied by.
    var scale: Double { 65_536 / Double(65_536 - dropped) }

    var native: ct_dropout { ct_dropout(first_row: Int64(firstRow), dropped: dropped) }
}

extension RowKernels {
    /// `x` where it is kept, scaled to the same expectation, and 0 elsewhere. `[n, d]`
    public static func dropped(_ x: Tensor, _ dropout: Dropout) -> Tensor {
        switch place(of: x) {
        case .card(let kernels): return kernels.dropped(x, dropout)
        case .operators: return RowOperators.dropped(x, dropout)
        case .host: break
        }
        var result = ct_tensor()
        check("dropped", x) { ct_dropped(x.handle, dropout.native, dropout.key, &result) }
        return Tensor(owning: result)
    }
}

extension RowOperators {
    /// The mask is drawn on the host.
    static func dropped(_ x: Tensor, _ dropout: Dropout) -> Tensor {
        let ones = Tensor.full(x.shape, 1)
        var mask = ct_tensor()
        trapping {
            try TorchError.check("a mask of \(x)", ct_dropped(ones.handle, dropout.native, dropout.key, &mask))
        }
        let wide = x.widened
        return (wide * Tensor(owning: mask).converted(to: wide.dtype).moved(to: x.device)).converted(to: x.dtype)
    }
}
