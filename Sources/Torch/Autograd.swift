import CTorch

/// Runs `body` without recording it for differentiation.
///
/// The mode belongs to the thread, so the closure is synchronous.
public func withoutGradient<Result>(_ body: () throws -> Result) rethrows -> Result {
    let previous = ct_gradient_mode_exchange(false)
    defer { _ = ct_gradient_mode_exchange(previous) }
    return try body()
}

/// Runs `body` recording it, within a part that isn't.
private func withGradient<Result>(_ body: () throws -> Result) rethrows -> Result {
    let previous = ct_gradient_mode_exchange(true)
    defer { _ = ct_gradient_mode_exchange(previous) }
    return try body()
}

extension Tensor {
    /// Whether operations on this tensor are recorded. Setting it makes a leaf.
    public var requiresGradient: Bool {
        get { ct_tensor_requires_gradient(handle) }
        set { trapping { try TorchError.check("requires_grad", ct_tensor_set_requires_gradient(handle, newValue)) } }
    }

    /// What backward accumulated into this leaf.
    public var gradient: Tensor? {
        get {
            var gradient = ct_tensor()
            trapping { try TorchError.check("reading a gradient", ct_tensor_gradient(handle, &gradient)) }
            return gradient.raw == nil ? nil : Tensor(owning: gradient)
        }
        set {
            let status = withExtendedLifetime(newValue) { ct_tensor_set_gradient(handle, newValue?.handle ?? ct_tensor()) }
            trapping { try TorchError.check("setting a gradient", status) }
        }
    }

    /// Has `body` called each time that a backward pass has accumulated into this leaf, newer libtorchs also where what came was
    /// nothing, on the thread of the pass. One body at a time: a later one takes the place of the earlier.
    public func onAccumulation(_ body: @escaping () -> Void) {
        let context = Unmanaged.passRetained(Callback(body)).toOpaque()
        let status = ct_tensor_on_accumulation(
            handle, context, { Unmanaged<Callback>.fromOpaque($0).takeUnretainedValue().body() },
            { Unmanaged<Callback>.fromOpaque($0).release() })
        trapping { try TorchError.check("watching a gradient", status) }
    }

    /// Accumulates gradients into the leaves that this tensor depends on.
    ///
    /// - Parameter gradient: of the objective with respect to this tensor, same shape; 1 for a scalar.
    public func backward(gradient: Tensor? = nil, retainGraph: Bool = false) throws {
        var (roots, gradients) = (handle, gradient?.handle ?? ct_tensor())
        try withExtendedLifetime(gradient) {
            let status = OperatorClock.time("backward", []) { ct_backward(&roots, &gradients, 1, retainGraph) }
            try TorchError.check("backward", status)
        }
    }

    /// Its gradients by `inputs`, in that order, with nothing accumulated: `nil` by what it doesn't depend on.
    ///
    /// - Parameter gradient: of the objective with respect to this tensor, same shape.
    func gradients(by inputs: [Tensor], gradient: Tensor) throws -> [Tensor?] {
        let asked = inputs.indices.filter { inputs[$0].requiresGradient }
        // libtorch would take none for all leaves.
        guard !asked.isEmpty else { return inputs.map { _ in nil } }
        var found = [ct_tensor](repeating: ct_tensor(), count: asked.count)
        try withExtendedLifetime((self, inputs, gradient)) {
            let status = OperatorClock.time("backward", []) {
                ct_gradients(handle, gradient.handle, asked.map { inputs[$0].handle }, Int64(asked.count), &found)
            }
            try TorchError.check("backward", status)
        }
        var gradients = [Tensor?](repeating: nil, count: inputs.count)
        for (place, handle) in zip(asked, found) where handle.raw != nil { gradients[place] = Tensor(owning: handle) }
        return gradients
    }
}

/// A differentiable piece with a backward pass of its own.
///
/// `forward` runs unrecorded and returns the outputs together with what turns their gradients into those of `inputs`;
/// what the second closure captures is what the graph saves, and it is let go as soon as backward has run.
///
/// - Parameter inputs: what the piece is differentiated by.
/// - Returns: the outputs, recorded where any of `inputs` is.
public func differentiable(
    _ inputs: [Tensor],
    _ forward: () -> (outputs: [Tensor], backward: (_ outputGradients: [Tensor?]) throws -> [Tensor?])
) -> [Tensor] {
    let records = ct_gradient_mode_exchange(false)
    let (outputs, backward) = forward()
    _ = ct_gradient_mode_exchange(records)
    guard records, inputs.contains(where: \.requiresGradient) else { return outputs }

    let context = Unmanaged.passRetained(Backward(backward)).toOpaque()
    let status = withExtendedLifetime((inputs, outputs)) {
        ct_function_attach(
            outputs.map(\.handle), Int64(outputs.count), inputs.map(\.handle), Int64(inputs.count), context,
            { context, gradients, count, results, resultCount in
                Unmanaged<Backward>.fromOpaque(context).takeUnretainedValue().run(gradients, count, results, resultCount)
            },
            { Unmanaged<Backward>.fromOpaque($0).release() })
    }
    trapping { try TorchError.check("recording a differentiable piece", status) }
    return outputs
}

/// A piece whose graph is its input alone: the backward pass runs it a second time to have what it differentiates by (Chen et al.
/// 2016, arXiv:1604.06174).
///
/// - Parameters:
///   - parameters: all other tensors that it is differentiated by, each once: one that is missing gets no gradient.
///   - body: gives the same bits whenever it is run.
public func recomputed(_ input: Tensor, _ parameters: [Tensor], _ body: @escaping (Tensor) -> Tensor) -> Tensor {
    let wantsInput = input.requiresGradient
    return differentiable([input] + parameters) {
        let saved = input.detached()
        return (
            [body(saved)],
            { gradients in
                guard let gradient = gradients[0] else { return [nil] + parameters.map { _ in nil } }
                let leaf = saved.detached()
                leaf.requiresGradient = wantsInput
                // Not accumulated here: the pass that asks for them does that, once a weight, and tells who waits for it.
                return try withGradient { body(leaf) }.gradients(by: [leaf] + parameters, gradient: gradient)
            }
        )
    }[0]
}

/// What a leaf calls.
private final class Callback {
    let body: () -> Void

    init(_ body: @escaping () -> Void) { self.body = body }
}

/// The Swift side of a node in libtorch's graph.
private final class Backward {
    private let body: ([Tensor?]) throws -> [Tensor?]

    init(_ body: @escaping ([Tensor?]) throws -> [Tensor?]) { self.body = body }

    func run(
        _ gradients: UnsafePointer<ct_tensor>, _ count: Int64, _ results: UnsafeMutablePointer<ct_tensor>, _ resultCount: Int64
    ) -> ct_status {
        do {
            // The node owns the handles it passes and frees them.
            let incoming = (0..<Int(count)).map {
                gradients[$0].raw == nil ? nil : Tensor(owning: ct_tensor_shared(gradients[$0]))
            }
            let outgoing = try withoutGradient { try body(incoming) }
            precondition(
                outgoing.count == Int(resultCount), "backward gave \(outgoing.count) gradients for \(resultCount) inputs")
            return withExtendedLifetime(outgoing) {
                for (index, gradient) in outgoing.enumerated() {
                    if let gradient { results[index] = ct_tensor_shared(gradient.handle) }
                }
                return 0
            }
        } catch {
            ct_set_last_error("\(error)")
            return 1
        }
    }
}
