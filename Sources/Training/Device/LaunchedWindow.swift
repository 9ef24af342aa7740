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

    /// Waits for the device, once, and reads what it has to say.
    ///
    /// - Parameter more: further numbers to be read with it, `[n]`.
    /// - Throws: `TrainingError.nonFiniteLoss`, `.nonFiniteReference`, `SelectionError.notANumber`: as a step on the host, but after the
    ///   backward pass.
    func read(_ more: Tensor?) throws -> (result: SelectedLossStep.Result, more: [Double]) {
        var result: SelectedLossStep.Result
        var further: [Double]
        switch contents {
        case .known(let known): (result, further) = (known, more?.values() ?? [])
        case .pending(let parts):
            let reports = parts.compactMap { $0?.report }
            let values: [Double] = withoutGradient {
                Tensor.concatenated(reports + [more].compactMap { $0?.converted(to: .float64) }).values()
            }
            var rest = values[...]
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
        result.gradientDivisor = step.divisor(of: result)
        return (result, further)
    }
}

/// What the host is told of a micro-batch, as one row of float64, which holds a float32 and a position exactly: losses, the reference's
/// losses and entropies where there are some, the selected positions, and the selection's own figures.
struct MicroBatchReport {
    let selection: DeviceSelection
    let referenceColumns: Int
    let step: Int

    static func packed(_ loss: Tensor, _ reference: ReferenceMeasurements?, _ outcome: DeviceSelection.Outcome) -> Tensor {
        withoutGradient {
            let columns = [loss] + (reference?.columns ?? []) + [outcome.indices] + outcome.figures
            return .concatenated(columns.map { $0.converted(to: .float64) })
        }
    }

    /// - Throws: `TrainingError.nonFiniteLoss`, `.nonFiniteReference`, `SelectionError.notANumber`
    func read(_ report: ArraySlice<Double>) throws -> (losses: [Float], selection: TokenSelection) {
        var rest = report
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
