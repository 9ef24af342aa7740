import CTorch

/// A tensor's values on their way to the host, behind which its device may be given more work at once.
package final class Arrival {
    private let copy: Tensor
    private let handle: ct_arrival

    /// Takes the values as they will be when the device has done what it was given so far.
    package init(of tensor: Tensor) {
        var (copy, handle) = (ct_tensor(), ct_arrival())
        let status = withExtendedLifetime(tensor) { ct_arrival_begin(tensor.handle, &copy, &handle) }
        trapping { try TorchError.check("fetching \(tensor)", status) }
        (self.copy, self.handle) = (Tensor(owning: copy), handle)
    }

    deinit { ct_arrival_free(handle) }

    /// Waits until they are there, and not for what the device was given since.
    package func values() -> [Double] {
        trapping { try TorchError.check("waiting for \(copy)", ct_arrival_wait(handle)) }
        return copy.values()
    }
}
