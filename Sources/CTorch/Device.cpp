// What can be asked of any accelerator that libtorch knows, without its headers.
#include <ATen/ops/empty.h>
#include <c10/core/CachingDeviceAllocator.h>
#include <c10/core/Event.h>
#include <c10/core/impl/VirtualGuardImpl.h>

#include <atomic>

#include "CTorchCUDA.h"
#include "Guard.h"

using namespace ctorch;

namespace {
std::atomic<int32_t> arithmetic{0};

c10::Event *event(ct_arrival arrival) { return static_cast<c10::Event *>(arrival.raw); }
}  // namespace

void ct_arithmetic_set(int32_t choice) { arithmetic.store(choice, std::memory_order_relaxed); }
int32_t ct_arithmetic() { return arithmetic.load(std::memory_order_relaxed); }

ct_status ct_device_synchronize(ct_device device) {
    return guarded([&] {
        auto type = static_cast<c10::DeviceType>(device.type);
        if (type == c10::DeviceType::CPU) return;
        c10::impl::VirtualGuardImpl(type).synchronizeDevice(static_cast<c10::DeviceIndex>(device.index));
    });
}

ct_status ct_device_release_memory(ct_device device) {
    return guarded([&] {
        auto type = static_cast<c10::DeviceType>(device.type);
        if (type != c10::DeviceType::CPU) c10::getDeviceAllocator(type)->emptyCache();
    });
}

ct_status ct_stream_leave_default(ct_device device) {
    return guarded([&] {
        c10::impl::VirtualGuardImpl guard(static_cast<c10::DeviceType>(device.type));
        c10::Device place(guard.type(), device.index < 0 ? guard.getDevice().index() : static_cast<c10::DeviceIndex>(device.index));
        // What asks for the current stream or device from here on means this one.
        guard.setDevice(place);
        if (guard.getStream(place) != guard.getDefaultStream(place)) return;
        // What the default stream still has to do comes first.
        guard.synchronizeDevice(place.index());
        guard.exchangeStream(guard.getStreamFromGlobalPool(place, /*isHighPriority=*/false));
    });
}

ct_status ct_arrival_begin(ct_tensor handle, ct_tensor *copy, ct_arrival *result) {
    return guarded([&] {
        auto source = borrowed(handle);
        if (source.is_cpu()) {
            *copy = owned(std::move(source)), *result = {nullptr};
            return;
        }
        auto host = at::empty(source.sizes(), source.options().device(at::kCPU).pinned_memory(true));
        host.copy_(source, /*non_blocking=*/true);
        auto copied = std::make_unique<c10::Event>(source.device().type());
        copied->record(c10::impl::VirtualGuardImpl(source.device().type()).getStream(source.device()));
        *copy = owned(std::move(host)), *result = {copied.release()};
    });
}

ct_status ct_arrival_wait(ct_arrival arrival) {
    return guarded([&] {
        if (event(arrival)) event(arrival)->synchronize();
    });
}

void ct_arrival_free(ct_arrival arrival) { delete event(arrival); }

ct_status ct_device_peak_memory(ct_device device, int64_t *result) {
    return guarded([&] {
        auto statistics = c10::getDeviceAllocator(static_cast<c10::DeviceType>(device.type))
                              ->getDeviceStats(static_cast<c10::DeviceIndex>(device.index));
        *result = statistics.allocated_bytes[static_cast<size_t>(c10::CachingAllocator::StatType::AGGREGATE)].peak;
    });
}
