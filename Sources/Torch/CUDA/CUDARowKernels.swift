import CTorch
import Foundation

/// The row kernels on a GPU: `RowKernels.cu`, compiled for the card when it is first used.
///
/// Float32 or bfloat16 tensors, float32 arithmetic; factors, losses and angles are float32. Nothing waits for the device.
package struct CUDARowKernels: Sendable {
    private let launcher: any KernelLauncher

    package init(_ launcher: any KernelLauncher) { self.launcher = launcher }

    /// The text that is compiled.
    package static let source = String(decoding: PackageResources.RowKernels_cu, as: UTF8.self)

    static let operations = [
        "rmsNorm", "rmsNormBackward", "swiGLU", "swiGLUBackward", "rotate", "crossEntropy", "crossEntropyBackward",
        "dropout",
    ]
    /// Values a thread takes at once.
    private static let widths: [DType: Int] = [.float32: 4, .bfloat16: 8]
    /// What `RowKernels.cu` has.
    package static let names = operations.flatMap { operation in
        widths.flatMap { dtype, width in ["\(operation)_\(dtype)_\(width)", "\(operation)_\(dtype)_1"] }
    }.sorted()

    package static func take(_ dtype: DType) -> Bool { widths[dtype] != nil }

    // MARK: One function a kernel

    /// With `adding`, x += residual first.
    package func rmsNorm(
        _ x: Tensor, weight: Tensor, epsilon: Double, adding residual: Tensor? = nil
    ) -> (normalized: Tensor, factor: Tensor) {
        let y = Tensor.empty(x.shape, dtype: x.dtype, on: x.device)
        let factor = Tensor.empty([x.size(0)], on: x.device)
        launch(
            "rmsNorm", x, [x, weight, y] + [residual].compactMap { $0 }, width: x.size(1),
            [
                .rows(x), .stride(x), .optionalRows(residual), .count(residual?.rowStride ?? 0), .rows(weight), .rows(y),
                .stride(y), .rows(factor), .count(x.size(1)), .number(Float(epsilon)),
            ])
        return (y, factor)
    }

    package func rmsNormBackward(
        _ gradient: Tensor, x: Tensor, weight: Tensor, factor: Tensor, adding residual: Tensor? = nil
    ) -> Tensor {
        precondition(
            gradient.shape == x.shape && factor.dtype == .float32 && factor.shape == [x.size(0)],
            "\(gradient) and \(factor) are not the gradient and factors of \(x)")
        let result = Tensor.empty(x.shape, dtype: x.dtype, on: x.device)
        launch(
            "rmsNormBackward", x, [gradient, x, weight, result] + [residual].compactMap { $0 }, width: x.size(1),
            [
                .rows(gradient), .stride(gradient), .rows(x), .stride(x), .rows(weight), .rows(factor), .optionalRows(residual),
                .count(residual?.rowStride ?? 0), .rows(result), .stride(result), .count(x.size(1)),
            ])
        return result
    }

    package func swiGLU(_ gateUp: Tensor) -> Tensor {
        let inner = gateUp.size(1) / 2
        let result = Tensor.empty([gateUp.size(0), inner], dtype: gateUp.dtype, on: gateUp.device)
        launch(
            "swiGLU", gateUp, [gateUp, result], width: inner,
            [.rows(gateUp), .stride(gateUp), .rows(result), .stride(result), .count(inner)])
        return result
    }

    package func swiGLUBackward(_ gradient: Tensor, gateUp: Tensor) -> Tensor {
        let inner = gateUp.size(1) / 2
        precondition(gradient.shape == [gateUp.size(0), inner], "\(gradient) is not the gradient of what \(gateUp) gives")
        let result = Tensor.empty(gateUp.shape, dtype: gateUp.dtype, on: gateUp.device)
        launch(
            "swiGLUBackward", gateUp, [gradient, gateUp, result], width: inner,
            [
                .rows(gradient), .stride(gradient), .rows(gateUp), .stride(gateUp), .rows(result), .stride(result),
                .count(inner),
            ])
        return result
    }

    package func rotate(_ rows: Tensor, cosine: Tensor, sine: Tensor, inverse: Bool = false) {
        let (positions, size) = (cosine.size(0), cosine.size(1))
        precondition(
            cosine.dtype == .float32 && cosine.shape == sine.shape && rows.size(1) % size == 0 && rows.size(0) % positions == 0,
            "\(rows) can't be turned by \(cosine) and \(sine)")
        launch(
            "rotate", rows, [rows], width: size / 2, items: rows.size(1) / 2,
            [
                .rows(rows), .stride(rows), .rows(cosine), .rows(sine), .count(positions), .count(rows.size(1) / size),
                .count(size), .number(inverse ? -1 : 1),
            ])
    }

    package func crossEntropy(
        _ logits: Tensor, targets: Tensor, entropy wantsEntropy: Bool
    ) -> (loss: Tensor, normalizer: Tensor, entropy: Tensor?) {
        check(targets, dtype: .int64, for: logits)
        func column() -> Tensor { .empty([logits.size(0)], on: logits.device) }
        let (loss, normalizer, entropy) = (column(), column(), wantsEntropy ? column() : nil)
        launch(
            "crossEntropy", logits, [logits], width: logits.size(1),
            [
                .rows(logits), .stride(logits), .rows(targets), .rows(loss), .rows(normalizer), .optionalRows(entropy),
                .count(logits.size(1)),
            ])
        return (loss, normalizer, entropy)
    }

    package func crossEntropyBackward(_ logits: Tensor, targets: Tensor, normalizer: Tensor) {
        check(targets, dtype: .int64, for: logits)
        check(normalizer, dtype: .float32, for: logits)
        launch(
            "crossEntropyBackward", logits, [logits], width: logits.size(1),
            [.rows(logits), .stride(logits), .rows(targets), .rows(normalizer), .count(logits.size(1))])
    }

    package func dropped(_ x: Tensor, _ dropout: Dropout) -> Tensor {
        let result = Tensor.empty(x.shape, dtype: x.dtype, on: x.device)
        let (place, key): (Tensor?, UInt64) =
            switch dropout.source {
            case .number(let key): (nil, key)
            case .placed(let place, let stream): (place, stream)
            }
        precondition(place.map { $0.device == x.device } ?? true, "\(x) can't be dropped by a key in \(place!)")
        launch(
            "dropout", x, [x, result], width: x.size(1),
            [
                .rows(x), .stride(x), .rows(result), .stride(result), .count(x.size(1)), .optionalRows(place), .key(key),
                .count(dropout.firstRow), .count(Int(dropout.dropped)),
            ])
        return result
    }

    private func check(_ column: Tensor, dtype: DType, for rows: Tensor) {
        precondition(
            column.dtype == dtype && column.shape == [rows.size(0)] && column.device == rows.device,
            "\(column) does not go with the rows of \(rows)")
    }

    // MARK: Launching

    private enum Argument {
        case rows(Tensor)
        case optionalRows(Tensor?)
        /// Elements from one row to the next.
        case stride(Tensor)
        case count(Int)
        case number(Float)
        case key(UInt64)

        /// What the kernel reads, in the 8 bytes of a slot.
        var bits: UInt64 {
            switch self {
            case .rows(let tensor): UInt64(UInt(bitPattern: ct_tensor_address(tensor.handle)))
            case .optionalRows(let tensor): tensor.map { UInt64(UInt(bitPattern: ct_tensor_address($0.handle))) } ?? 0
            case .stride(let tensor): UInt64(bitPattern: Int64(tensor.rowStride))
            case .count(let count): UInt64(bitPattern: Int64(count))
            case .number(let number): UInt64(number.bitPattern)
            case .key(let key): key
            }
        }
    }

    /// A block for each row of `first`, with a thread for each pack where a block can have as many.
    ///
    /// - Parameters:
    ///   - typed: the tensors of `first`'s type, whose rows are moved by packs.
    ///   - width: packs must not cross a multiple of it.
    ///   - items: values that a block's threads share; `width` where it isn't given.
    private func launch(
        _ operation: String, _ first: Tensor, _ typed: [Tensor], width: Int, items: Int? = nil, _ arguments: [Argument]
    ) {
        let whole = Self.widths[first.dtype]!
        let isAligned = width % whole == 0 && typed.allSatisfy { $0.hasAlignedRows }
        precondition(
            typed.allSatisfy { $0.dtype == first.dtype && $0.device == first.device && $0.rowsAreDense },
            "\(operation) takes rows of one type on one device, not \(typed)")
        let packWidth = isAligned ? whole : 1
        let packs = ((items ?? width) + packWidth - 1) / packWidth
        var slots = arguments.map(\.bits)
        withExtendedLifetime((typed, arguments)) {
            slots.withUnsafeMutableBytes { slots in
                let places = (0..<arguments.count).map { slots.baseAddress! + 8 * $0 as UnsafeMutableRawPointer? }
                launcher.launch(
                    "\(operation)_\(first.dtype)_\(packWidth)", blocks: first.size(0),
                    threads: min(512, (packs + 31) / 32 * 32), arguments: places, on: first.device)
            }
        }
    }
}

extension Tensor {
    /// Elements from one row to the next; of a vector, none.
    fileprivate var rowStride: Int { rank < 2 ? 0 : Int(ct_tensor_stride(handle, 0)) }

    /// Whether a row's values lie side by side.
    fileprivate var rowsAreDense: Bool { size(-1) <= 1 || ct_tensor_stride(handle, Int64(rank - 1)) == 1 }

    /// Whether every row begins at a multiple of 16 bytes.
    fileprivate var hasAlignedRows: Bool {
        Int(bitPattern: ct_tensor_address(handle)) % 16 == 0 && rowStride * dtype.byteCount % 16 == 0
    }
}
