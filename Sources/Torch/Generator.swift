import CTorch

/// A stream of random numbers of its own, on the host: the same seed gives the same numbers on every device.
public final class Generator {
    let handle: ct_generator

    public init(seed: UInt64) {
        var handle = ct_generator()
        trapping { try TorchError.check("making a generator", ct_generator_create(seed, &handle)) }
        self.handle = handle
    }

    deinit { ct_generator_free(handle) }

    /// The whole state, to be saved with a checkpoint.
    public var state: [UInt8] {
        var state = ct_tensor()
        trapping { try TorchError.check("reading a generator's state", ct_generator_state(handle, &state)) }
        return Tensor(owning: state).values()
    }

    /// Goes on from a saved state.
    public func restore(_ state: [UInt8]) throws {
        let tensor = Tensor(state)
        try withExtendedLifetime(tensor) {
            try TorchError.check("restoring a generator", ct_generator_set_state(handle, tensor.handle))
        }
    }

    /// Uniform on [0, 1).
    public func uniform(_ shape: [Int], dtype: DType = .float32) -> Tensor {
        Operator.rand(shape, generator: self, dtype: dtype)
    }

    /// Normal with mean 0 and standard deviation 1.
    public func normal(_ shape: [Int], dtype: DType = .float32) -> Tensor {
        Operator.randn(shape, generator: self, dtype: dtype)
    }
}
