/// Element-wise arithmetic, with libtorch's broadcasting.
extension Tensor {
    public static func + (left: Tensor, right: Tensor) -> Tensor { Operator.add(left, right) }
    public static func - (left: Tensor, right: Tensor) -> Tensor { Operator.subtract(left, right) }
    public static func * (left: Tensor, right: Tensor) -> Tensor { Operator.multiply(left, right) }
    public static func / (left: Tensor, right: Tensor) -> Tensor { Operator.divide(left, right) }
    public static func * (left: Tensor, right: Double) -> Tensor { Operator.multiplyScalar(left, right) }
    public static func * (left: Double, right: Tensor) -> Tensor { Operator.multiplyScalar(right, left) }
    public static func + (left: Tensor, right: Double) -> Tensor { Operator.addScalar(left, right) }
    public static func - (left: Tensor, right: Double) -> Tensor { Operator.addScalar(left, -right) }
    public static prefix func - (tensor: Tensor) -> Tensor { Operator.negate(tensor) }

    public static func += (left: Tensor, right: Tensor) { Operator.addInPlace(left, right) as Void }
    public static func -= (left: Tensor, right: Tensor) { Operator.subtractInPlace(left, right) as Void }
    public static func *= (left: Tensor, right: Double) { Operator.multiplyScalarInPlace(left, right) as Void }
}

extension Tensor {
    public func exponential() -> Tensor { Operator.exponential(self) }
    public func logarithm() -> Tensor { Operator.logarithm(self) }
    public func squareRoot() -> Tensor { Operator.squareRoot(self) }
    public func sum() -> Tensor { Operator.sum(self) }
    public func sum(along dimension: Int, keepingDimension: Bool = false) -> Tensor {
        Operator.sumAlong(self, [dimension], keepingDimension)
    }

    /// `[…, n, k] · [k, m] → […, n, m]`
    public func matmul(_ other: Tensor) -> Tensor { Operator.matmul(self, other) }

    /// Whether no value is infinite or NaN.
    public var isAllFinite: Bool {
        let finite: Tensor = Operator.isFinite(self)
        return (Operator.all(finite) as Tensor).item()
    }

    /// Overwrites the values with those of `other`, unrecorded.
    public func assign(_ other: Tensor) {
        withoutGradient { Operator.copyInPlace(self, other) as Void }
    }
}
