// Every block of host memory that tensors take and give back, by libtorch's hook for profilers.
#include <c10/core/Allocator.h>
#include <c10/util/ThreadLocalDebugInfo.h>

#include <algorithm>
#include <cstdlib>
#include <mutex>
#include <vector>

#include "CTorchCUDA.h"
#include "Guard.h"

using namespace ctorch;

namespace {

struct MemoryLog : c10::MemoryReportingInfoBase {
    void reportMemoryUsage(void *, int64_t bytes, size_t, size_t, c10::Device device) override {
        if (!device.is_cpu()) return;
        std::scoped_lock lock(mutex);
        sizes.push_back(bytes);
    }
    bool memoryProfilingEnabled() const override { return true; }

    std::mutex mutex;
    std::vector<int64_t> sizes;
};

}  // namespace

ct_status ct_memory_log_start(ct_memory_log *result) {
    return guarded([&] {
        auto log = std::make_shared<MemoryLog>();
        c10::ThreadLocalDebugInfo::_push(c10::DebugInfoKind::PROFILER_STATE, log);
        *result = {new std::shared_ptr<MemoryLog>(std::move(log))};
    });
}

ct_status ct_memory_log_stop(ct_memory_log handle, int64_t **sizes, int64_t *count) {
    return guarded([&] {
        std::unique_ptr<std::shared_ptr<MemoryLog>> log(static_cast<std::shared_ptr<MemoryLog> *>(handle.raw));
        c10::ThreadLocalDebugInfo::_pop(c10::DebugInfoKind::PROFILER_STATE);
        std::scoped_lock lock((*log)->mutex);
        const auto &found = (*log)->sizes;
        auto *copy = static_cast<int64_t *>(std::malloc(std::max<size_t>(1, found.size()) * sizeof(int64_t)));
        TORCH_CHECK(copy != nullptr, "no memory for a log of ", found.size(), " sizes");
        std::copy(found.begin(), found.end(), copy);
        *sizes = copy, *count = static_cast<int64_t>(found.size());
    });
}
