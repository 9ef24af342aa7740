/// The operators that Winnow uses, one line each.
extension Operator {
    // Making
    public static let zeros = Operator("aten::zeros")
    public static let full = Operator("aten::full")
    public static let empty = Operator("aten::empty", "memory_format")
    public static let arange = Operator("aten::arange")
    public static let rand = Operator("aten::rand", "generator")
    public static let randn = Operator("aten::randn", "generator")
    public static let bernoulli = Operator("aten::bernoulli_", "float")
    public static let uniform = Operator("aten::uniform_")

    // Element by element
    public static let add = Operator("aten::add", "Tensor")
    public static let addScalar = Operator("aten::add", "Scalar")
    public static let subtract = Operator("aten::sub", "Tensor")
    public static let multiply = Operator("aten::mul", "Tensor")
    public static let multiplyScalar = Operator("aten::mul", "Scalar")
    public static let divide = Operator("aten::div", "Tensor")
    public static let negate = Operator("aten::neg")
    public static let exponential = Operator("aten::exp")
    public static let logarithm = Operator("aten::log")
    public static let silu = Operator("aten::silu")
    public static let gelu = Operator("aten::gelu")
    public static let geluBackward = Operator("aten::gelu_backward")
    public static let sigmoid = Operator("aten::sigmoid")
    public static let squareRoot = Operator("aten::sqrt")
    public static let reciprocal = Operator("aten::reciprocal")
    public static let reciprocalSquareRoot = Operator("aten::rsqrt")
    public static let clampMinimum = Operator("aten::clamp_min")
    public static let clamp = Operator("aten::clamp")
    public static let equal = Operator("aten::eq", "Tensor")
    public static let notEqual = Operator("aten::ne", "Tensor")
    public static let greaterThan = Operator("aten::gt", "Scalar")
    public static let whereSelf = Operator("aten::where", "self")

    // In place
    public static let addInPlace = Operator("aten::add_", "Tensor")
    public static let subtractInPlace = Operator("aten::sub_", "Tensor")
    public static let multiplyScalarInPlace = Operator("aten::mul_", "Scalar")
    public static let copyInPlace = Operator("aten::copy_")
    public static let scatterAddInPlace = Operator("aten::scatter_add_")
    public static let indexCopyInPlace = Operator("aten::index_copy_")

    // Reductions
    public static let sum = Operator("aten::sum")
    public static let sumAlong = Operator("aten::sum", "dim_IntList")
    public static let meanAlong = Operator("aten::mean", "dim")
    public static let logSumExp = Operator("aten::logsumexp")
    public static let isFinite = Operator("aten::isfinite")
    public static let all = Operator("aten::all")

    // Linear algebra and the pieces of a network
    public static let matmul = Operator("aten::matmul")
    public static let addMatmul = Operator("aten::addmm")
    public static let addMatmulInPlace = Operator("aten::addmm_")
    public static let linear = Operator("aten::linear")
    public static let embedding = Operator("aten::embedding")
    public static let rmsNorm = Operator("aten::rms_norm")
    public static let attention = Operator("aten::scaled_dot_product_attention")
    public static let logSoftmax = Operator("aten::log_softmax", "int")

    // Shapes
    public static let reshape = Operator("aten::reshape")
    public static let transpose = Operator("aten::transpose", "int")
    public static let unsqueeze = Operator("aten::unsqueeze")
    public static let slice = Operator("aten::slice", "Tensor")
    public static let select = Operator("aten::select", "int")
    public static let split = Operator("aten::split_with_sizes")
    public static let concatenate = Operator("aten::cat")
    public static let stack = Operator("aten::stack")
    public static let upperTriangle = Operator("aten::triu_")
    public static let lowerTriangle = Operator("aten::tril_")
    public static let contiguous = Operator("aten::contiguous")
    public static let clone = Operator("aten::clone")
    public static let detach = Operator("aten::detach")
    public static let convert = Operator("aten::to", "dtype")
    public static let move = Operator("aten::to", "device")

    // Looking up
    public static let gather = Operator("aten::gather")
    public static let indexSelect = Operator("aten::index_select")
    public static let sort = Operator("aten::sort", "stable")

    // The optimizer
    public static let fusedAdamW = Operator("aten::_fused_adamw_")
    /// With the learning rate in a tensor.
    public static let fusedAdamWByTensor = Operator("aten::_fused_adamw_", "tensor_lr")
    public static let forEachAdd = Operator("aten::_foreach_add_", "Scalar")
    public static let forEachAddTensor = Operator("aten::_foreach_add_", "Tensor")
    public static let forEachCopy = Operator("aten::_foreach_copy_")
    public static let forEachNorm = Operator("aten::_foreach_norm", "Scalar")
    public static let forEachMultiply = Operator("aten::_foreach_mul_", "Scalar")
    public static let forEachMultiplyByTensor = Operator("aten::_foreach_mul_", "Tensor")
    public static let forEachZero = Operator("aten::_foreach_zero_")
}
