import CTorch

/// Dropout without state: whether a value is dropped is a function of a key, its row and its column, so that a backward pass can ask again,
/// and every device drops the same.
///
/// Unchecked: a key's tensor is read where values are dropped, by the thread that has them; nobody else is given it.
public struct Dropout: @unchecked Sendable {
    /// What a mask's own key is made of.
    enum Key {
        case number(UInt64)
        /// The bits of an int64 that is read when values are dropped, mixed with a number: of work that is recorded once and drops other
        /// values each time.
        case placed(Tensor, stream: UInt64)
    }

    let source: Key
    /// Of 65,536 values.
    let dropped: UInt32
    let firstRow: Int

    /// - Parameters:
    ///   - probability: that a value is dropped, in `0..<1`; taken to the nearest 65,536th.
    ///   - key: another one gives independent masks.
    ///   - firstRow: the row of the mask that a tensor's first row is, for who has a part of a batch.
    public init(probability: Double, key: UInt64, firstRow: Int = 0) {
        self.init(source: .number(key), dropped: Self.share(probability), firstRow: firstRow)
    }

    /// The masks of the key whose bits lie in `place`, `[1]`, int64, where the values are that are dropped. Ask for its streams alone.
    package init(probability: Double, keyIn place: Tensor) {
        precondition(place.dtype == .int64 && place.shape == [1], "\(place) is no place of a key")
        self.init(source: .placed(place, stream: 0), dropped: Self.share(probability), firstRow: 0)
    }

    /// Where the key lies; `nil` where it is a number.
    package var place: Tensor? { if case .placed(let place, _) = source { place } else { nil } }

    /// The same with the key in another place.
    package func placed(in place: Tensor) -> Dropout {
        Dropout(source: .placed(place, stream: 0), dropped: dropped, firstRow: firstRow)
    }

    /// The mask of one among several inputs.
    public func stream(_ index: Int) -> Dropout {
        let stream = SplitMix.mixed(UInt64(index))
        let source: Key =
            switch source {
            case .number(let key): .number(SplitMix.mixed(key ^ stream))
            case .placed(let place, _): .placed(place, stream: stream)
            }
        return Dropout(source: source, dropped: dropped, firstRow: firstRow)
    }

    private static func share(_ probability: Double) -> UInt32 {
        precondition((0..<1).contains(probability), "a probability of dropping of \(probability)")
        return min(65_535, UInt32((probability * 65_536).rounded()))
    }

    private init(source: Key, dropped: UInt32, firstRow: Int) {
        (self.source, self.dropped, self.firstRow) = (source, dropped, firstRow)
    }

    /// The key as a number, for which a device is waited for where it holds it.
    var key: UInt64 {
        switch source {
        case .number(let key): key
        case .placed(let place, let stream): SplitMix.mixed(UInt64(bitPattern: place.item(Int64.self)) ^ stream)
        }
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
