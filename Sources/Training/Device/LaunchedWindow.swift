import TokenSelection
import Torch

/// Work that a device has been given for a window, and what it will have to say of it.
struct LaunchedWindow {
    struct Part {
        let selection: DeviceSelection
        let referenceColumns: Int
        /// A `MicroBatchReport`'s.
        let report: Tensor
    }

    enum Contents {
        /// A part for each micro-batch that has a valid token.
        case pending([Part?])
        case known(SelectedLossStep.Result)
    }

    let step: SelectedLossStep
    let number: Int
    let contents: Contents

    /// What makes a mean gradient of the accumulated one: known before a loss is.
    var divisor: Int {
        switch contents {
        case .known(let known): step.divisor(of: known.selected.map(\.count))
        case .pending(let parts): step.divisor(of: parts.map { $0?.selection.selectedCount ?? 0 })
        }
    }

    /// 0 where `read` won't throw, another number or NaN where it will; on the device, of rank 0, float64.
    var faults: Tensor {
        switch contents {
        // Read before the backward pass.
        case .known: .zeros([], dtype: .float64, on: step.model.headWeight.device)
        case .pending(let parts):
            withoutGradient {
                Tensor.concatenated(parts.compactMap { $0?.report.slice(0..<1) }).sum()
            }
        }
    }

    /// What the device has to say, on its way.
    ///
    /// - Parameter more: further numbers to be read with it, `[n]`.
    func report(with more: Tensor) -> Arrival {
        withoutGradient {
            let more = more.converted(to: .float64)
            guard case .pending(let parts) = contents else { return Arrival(of: more) }
            return Arrival(of: .concatenated(parts.compactMap { $0?.report } + [more]))
        }
    }

    /// Waits for the report and reads it.
    ///
    /// - Throws: `TrainingError.nonFiniteLoss`, `.nonFiniteReference`, `SelectionError.notANumber`: as a step on the host, but after the
    ///   backward pass.
    func read(_ report: Arrival) throws -> (result: SelectedLossStep.Result, more: [Double]) {
        var result: SelectedLossStep.Result
        var further = report.values()
        switch contents {
        case .known(let known): result = known
        case .pending(let parts):
            var rest = further[...]
            result = SelectedLossStep.Result()
            for part in parts {
                guard let part else {
                    result.count([], selected: [])
                    continue
                }
                let (losses, selection) = try MicroBatchReport(
                    selection: part.selection, referenceColumns: part.referenceColumns, step: number
                ).read(rest.prefix(part.report.count))
                rest = rest.dropFirst(part.report.count)
                result.count(selection)
                result.count(losses, selected: selection.indices)
            }
            further = Array(rest)
        }
        result.gradientDivisor = divisor
        return (result, further)
    }
}

/// What the host is told of a micro-batch, as one row of float64, which holds a float32 and a position exactly: whether `read` will throw,
/// losses, the reference's losses and entropies where there are some, the selected positions, and the selection's own figures.
struct MicroBatchReport {
    let selection: DeviceSelection
    let referenceColumns: Int
    let step: Int

    /// - Returns: first 0 where all is sound; what isn't finite, times 0, is NaN.
    static func packed(_ loss: Tensor, _ reference: ReferenceMeasurements?, _ outcome: DeviceSelection.Outcome) -> Tensor {
        withoutGradient {
            let measured = ([loss] + (reference?.columns ?? [])).map { $0.converted(to: .float64) }
            let faults = measured.reduce(outcome.faults) { $0 + ($1 * 0).sum() }
            let chosen = ([outcome.indices] + outcome.figures).map { $0.converted(to: .float64) }
            return .concatenated([faults.reshaped([1])] + measured + chosen)
        }
    }

    /// - Throws: `TrainingError.nonFiniteLoss`, `.nonFiniteReference`, `SelectionError.notANumber`
    func read(_ report: ArraySlice<Double>) throws -> (losses: [Float], selection: TokenSelection) {
        // The first is the device's own.
        var rest = report.dropFirst()
        func take(_ count: Int) -> ArraySlice<Double> {
            defer { rest = rest.dropFirst(count) }
            return rest.prefix(count)
        }
        let losses = take(selection.count).map(Float.init)
        guard losses.allSatisfy(\.isFinite) else { throw TrainingError.nonFiniteLoss(step: step) }
        guard take(referenceColumns * selection.count).allSatisfy(\.isFinite) else {
            throw TrainingError.nonFiniteReference(step: step)
        }
        let indices = take(selection.selectedCount).map { Int($0) }
        return (losses, try selection.read(indices: indices, figures: rest))
    }
}
