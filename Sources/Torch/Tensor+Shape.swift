/// The same values in another shape, order, type or place.
extension Tensor {
    /// −1 stands for what is left.
    public func reshaped(_ shape: [Int]) -> Tensor { Operator.reshape(self, shape) }
    public func transposed(_ first: Int, _ second: Int) -> Tensor { Operator.transpose(self, first, second) }
    /// Of a matrix.
    public var transpose: Tensor { transposed(0, 1) }
    public func unsqueezed(_ dimension: Int) -> Tensor { Operator.unsqueeze(self, dimension) }
    public func contiguous() -> Tensor { Operator.contiguous(self) }
    /// Its own memory, recorded as a copy.
    public func cloned() -> Tensor { Operator.clone(self) }
    /// The same memory, outside the graph.
    public func detached() -> Tensor { Operator.detach(self) }
    public func converted(to dtype: DType) -> Tensor { self.dtype == dtype ? self : Operator.convert(self, dtype) }
    /// Many in few launches on a GPU, outside the graph. Those that have the type share the memory of what is given.
    public static func convertedTogether(_ tensors: [Tensor], to dtype: DType) -> [Tensor] {
        withoutGradient {
            var result = tensors.map { $0.detached() }
            let places = tensors.indices.filter { tensors[$0].dtype != dtype }
            for place in places { result[place] = .empty(tensors[place].shape, dtype: dtype, on: tensors[place].device) }
            if !places.isEmpty { Operator.forEachCopy(places.map { result[$0] }, places.map { tensors[$0] }) as Void }
            return result
        }
    }
    public func moved(to device: Device) -> Tensor {
        self.device == device ? self : Operator.move(self, device, dtype)
    }

    /// `range` of one dimension: a view.
    public func slice(_ range: Range<Int>, along dimension: Int = 0) -> Tensor {
        Operator.slice(self, dimension, range.lowerBound, range.upperBound)
    }

    /// One index of one dimension, which disappears: a view.
    public func select(_ index: Int, along dimension: Int = 0) -> Tensor { Operator.select(self, dimension, index) }

    /// Parts of the given lengths: views.
    public func split(_ lengths: [Int], along dimension: Int) -> [Tensor] { Operator.split(self, lengths, dimension) }

    /// The rows that `indices` (int64, `[k]`) names: `[n, …] → [k, …]`
    public func rows(_ indices: Tensor) -> Tensor { Operator.indexSelect(self, 0, indices) }

    public static func concatenated(_ tensors: [Tensor], along dimension: Int = 0) -> Tensor {
        Operator.concatenate(tensors, dimension)
    }

    /// Where each value would stand in descending order; equal values keep their order.
    public func descendingOrder() -> Tensor {
        let (_, order): (Tensor, Tensor) = Operator.sort(self, stable: true, dim: -1, descending: true)
        return order
    }
}
