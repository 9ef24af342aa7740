#include <ATen/Context.h>
#include <ATen/Parallel.h>
#include <ATen/ops/from_blob.h>
#include <torch/version.h>

#include <atomic>
#if defined(__linux__)
#include <malloc.h>
#endif

#include "Guard.h"

namespace ctorch {

namespace {
thread_local std::string lastError;
std::atomic<int64_t> liveCount{0};
}  // namespace

void setLastError(std::string message) noexcept { lastError = std::move(message); }

at::Tensor borrowed(ct_tensor handle) {
    if (handle.raw == nullptr) return {};
    return at::Tensor(c10::intrusive_ptr<at::TensorImpl>::reclaim_copy(static_cast<at::TensorImpl *>(handle.raw)));
}

ct_tensor owned(at::Tensor tensor) {
    if (!tensor.defined()) return {nullptr};
    liveCount.fetch_add(1, std::memory_order_relaxed);
    return {tensor.unsafeReleaseTensorImpl()};
}

}  // namespace ctorch

using namespace ctorch;

namespace {
// Reads that don't touch the reference count.
at::TensorImpl *impl(ct_tensor handle) { return static_cast<at::TensorImpl *>(handle.raw); }
}  // namespace

const char *ct_last_error() { return lastError.c_str(); }
void ct_set_last_error(const char *message) { setLastError(message); }

ct_status ct_tensor_copying(
    const void *data, int32_t dtype, const int64_t *sizes, int64_t rank, ct_device device, ct_tensor *result) {
    return guarded([&] {
        auto options = at::TensorOptions().dtype(static_cast<at::ScalarType>(dtype));
        auto shape = at::IntArrayRef(sizes, static_cast<size_t>(rank));
        auto host = at::from_blob(const_cast<void *>(data), shape, options);
        auto target = c10::Device(static_cast<c10::DeviceType>(device.type), static_cast<c10::DeviceIndex>(device.index));
        // By way of pinned memory, which libtorch keeps until the copy is done: `data` may go at once, and a blocking copy would wait for
        // all that the device still has to do.
        *result = owned(target.is_cpu() ? host.clone() : host.pin_memory().to(target, host.scalar_type(), /*non_blocking=*/true));
    });
}

ct_tensor ct_tensor_shared(ct_tensor tensor) { return owned(borrowed(tensor)); }

void ct_tensor_free(ct_tensor tensor) {
    if (tensor.raw == nullptr) return;
    liveCount.fetch_sub(1, std::memory_order_relaxed);
    c10::intrusive_ptr<at::TensorImpl>::reclaim(impl(tensor));
}

int64_t ct_tensor_rank(ct_tensor tensor) { return impl(tensor)->dim(); }
int64_t ct_tensor_size(ct_tensor tensor, int64_t dimension) { return impl(tensor)->size(dimension); }
int32_t ct_tensor_dtype(ct_tensor tensor) { return static_cast<int32_t>(c10::typeMetaToScalarType(impl(tensor)->dtype())); }

ct_device ct_tensor_device(ct_tensor tensor) {
    auto device = impl(tensor)->device();
    return {static_cast<int32_t>(device.type()), static_cast<int32_t>(device.index())};
}

int64_t ct_tensor_stride(ct_tensor tensor, int64_t dimension) { return impl(tensor)->stride(dimension); }
int64_t ct_tensor_version(ct_tensor tensor) { return impl(tensor)->version_counter().current_version(); }
void *ct_tensor_address(ct_tensor tensor) { return impl(tensor)->mutable_data(); }

ct_status ct_tensor_bytes(ct_tensor handle, void **result) {
    return guarded([&] {
        auto tensor = borrowed(handle);
        TORCH_CHECK(tensor.device().is_cpu(), "the tensor is on ", tensor.device(), ", not in host memory");
        TORCH_CHECK(tensor.is_contiguous(), "the tensor of shape ", tensor.sizes(), " is not contiguous");
        *result = tensor.data_ptr();
    });
}

int64_t ct_tensor_live_count() { return liveCount.load(std::memory_order_relaxed); }

void ct_threads_set(int32_t count) { at::set_num_threads(count); }
int32_t ct_threads() { return at::get_num_threads(); }
const char *ct_version() { return TORCH_VERSION; }
bool ct_has_cuda() { return at::hasCUDA(); }
int32_t ct_cuda_device_count() { return ct_has_cuda() ? at::detail::getCUDAHooks().deviceCount() : 0; }

void ct_keep_freed_memory() {
#if defined(__GLIBC__)
    // Every block comes from the heap, none from mmap, and the heap is not trimmed: freed pages stay mapped.
    mallopt(M_MMAP_MAX, 0);
    mallopt(M_TRIM_THRESHOLD, -1);
    mallopt(M_TOP_PAD, 64 << 20);
#endif
}
