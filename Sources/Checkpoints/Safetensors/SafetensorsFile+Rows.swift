extension SafetensorsFile {
    /// One row of a tensor, all but its first dimension, converted to float32: `[n, …] → […]`. The rest isn't touched.
    ///
    /// - Precondition: the tensor has such a row.
    /// - Throws: `CheckpointError.unknownTensor`.
    public func floats(_ name: String, row: Int) throws -> [Float] {
        try withBytes(of: name) { bytes in
            let tensor = description(of: name)!
            precondition(
                !tensor.shape.isEmpty && row >= 0 && row < tensor.shape[0], "row \(row) of '\(name)', \(tensor.shape)")
            let (count, size) = (tensor.count / tensor.shape[0], bytes.count / tensor.shape[0])
            return [Float](unsafeUninitializedCapacity: count) { buffer, initialized in
                tensor.elementType.decode(
                    UnsafeRawBufferPointer(rebasing: bytes[row * size..<(row + 1) * size]),
                    into: UnsafeMutableBufferPointer(rebasing: buffer[..<count]))
                initialized = count
            }
        }
    }
}
