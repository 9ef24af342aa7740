/// The same out of libtorch's products, on any device: what runs where there is no kernel, and the kernel's oracle.
extension LowRankGroup {
    package func addByOperators(to output: Tensor, input: Tensor) -> Activations {
        let low: Tensor
        if let dropout {
            low = .concatenated(parts.map { dropped(input, dropout, $0).timesTransposedAtOnce($0.a) }, along: 1)
        } else {
            low = input.timesTransposedAtOnce(stackedA)
        }
        for (part, columns) in zip(parts, lowColumns) {
            Operator.addMatmulInPlace(
                output.slice(part.columns, along: 1), low.slice(columns, along: 1), part.b.transpose, beta: 1, alpha: scale)
                as Void
        }
        return Activations(low: low, kept: nil, areByRow: dropout == nil)
    }

    package func backwardByOperators(
        _ gradient: Tensor, input: Tensor, low: Tensor, addingTo inputGradient: Tensor?
    ) -> [Gradients] {
        let outer = parts.map { gradient.slice($0.columns, along: 1) }
        let lowGradients = zip(parts, outer).map { $1.matmul($0.b) * scale }
        if let inputGradient {
            if let dropout {
                for (part, lowGradient) in zip(parts, lowGradients) {
                    inputGradient += dropped(lowGradient.matmul(part.a), dropout, part)
                }
            } else {
                let together = lowGradients.count == 1 ? lowGradients[0] : .concatenated(lowGradients, along: 1)
                Operator.addMatmulInPlace(inputGradient, together, stackedA, beta: 1, alpha: 1) as Void
            }
        }
        return parts.indices.map { index in
            let kept = dropout.map { dropped(input, $0, parts[index]) } ?? input
            let ofB = outer[index].transpose.matmul(low.slice(lowColumns[index], along: 1))
            return (lowGradients[index].transpose.matmul(kept), ofB * scale)
        }
    }

    /// `[Σ r, in]`
    private var stackedA: Tensor { parts.count == 1 ? parts[0].a : .concatenated(parts.map(\.a)) }

    /// Each part's columns of `[N, Σ r]`.
    private var lowColumns: [Range<Int>] {
        var start = 0
        return parts.map { part in
            defer { start += part.a.size(0) }
            return start..<start + part.a.size(0)
        }
    }

    private func dropped(_ rows: Tensor, _ dropout: Dropout, _ part: Part) -> Tensor {
        RowKernels.dropped(rows, dropout.stream(part.stream))
    }
}
