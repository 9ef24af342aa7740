// How kernels see a tensor in host memory, and how they share its rows among threads.
#pragma once

#include <ATen/TensorIterator.h>
#include <ATen/ops/empty.h>

#include <algorithm>
#include <cstdint>

namespace ctorch {

/// `[n, d]` seen row by row.
template <class Real>
struct Rows {
    Real *first;
    int64_t count, width, stride;

    explicit Rows(const at::Tensor &tensor) {
        TORCH_CHECK(
            tensor.dim() == 2 && tensor.device().is_cpu() && (tensor.stride(1) == 1 || tensor.size(1) <= 1),
            "rows in host memory are wanted, not a tensor of shape ", tensor.sizes());
        first = tensor.data_ptr<Real>();
        count = tensor.size(0), width = tensor.size(1), stride = tensor.stride(0);
    }
    Real *operator[](int64_t row) const { return first + row * stride; }
};

template <class Real>
Real *vector(const at::Tensor &tensor, int64_t count) {
    TORCH_CHECK(
        tensor.numel() == count && tensor.is_contiguous(), count, " contiguous values are wanted, not a tensor of shape ",
        tensor.sizes());
    return tensor.data_ptr<Real>();
}

/// Runs `body.operator()<Real>()` for the tensor's type.
template <class Body>
void forReal(const at::Tensor &tensor, Body &&body) {
    TORCH_CHECK(tensor.device().is_cpu(), "kernels work in host memory, not on ", tensor.device());
    switch (tensor.scalar_type()) {
    case at::kFloat: return body.template operator()<float>();
    case at::kDouble: return body.template operator()<double>();
    default: TORCH_CHECK(false, "kernels take float32 and float64, not ", tensor.scalar_type());
    }
}

/// Runs `body(begin, end)` over parts of `0..<count`, on libtorch's threads where there are at least `grain` pieces of work.
///
/// `at::parallel_for` is a template that does nothing in parallel where its caller is compiled without OpenMP, as this is:
/// two OpenMP runtimes in a process get in each other's way. An iterator's loop is compiled inside libtorch, and shares one
/// byte for each piece of work, never read, among the threads that libtorch has.
template <class Body>
void inParallel(int64_t count, int64_t grain, Body &&body) {
    if (count <= std::max<int64_t>(1, grain)) {
        if (count > 0) body(0, count);
        return;
    }
    auto places = at::empty({count}, at::kByte);
    auto *first = static_cast<char *>(places.data_ptr());
    auto iterator = at::TensorIterator::nullary_op(places);
    iterator.for_each(
        [&](char **data, const int64_t *, int64_t size, int64_t repeats) {
            TORCH_CHECK(repeats == 1, "a row of places is one loop");
            body(data[0] - first, data[0] - first + size);
        },
        grain);
}

}  // namespace ctorch
