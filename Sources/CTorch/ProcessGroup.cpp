// c10d's process group over Gloo, as `torch.distributed.init_process_group("gloo")` makes it. Gloo/README.md says where Gloo's
// headers are.
#define USE_C10D_GLOO

#include <torch/csrc/distributed/c10d/PrefixStore.hpp>
#include <torch/csrc/distributed/c10d/ProcessGroupGloo.hpp>
#include <torch/csrc/distributed/c10d/TCPStore.hpp>

#include <sstream>

#include "Guard.h"
#include "Ranks.h"

using namespace ctorch;

namespace {

// All that Winnow sees of Gloo's objects.
static_assert(sizeof(std::shared_ptr<gloo::Context>) == 2 * sizeof(void *));

c10::intrusive_ptr<c10d::ProcessGroupGloo::Options> options(const char *interfaces, std::chrono::milliseconds timeout) {
    using c10d::ProcessGroupGloo;
    auto options = ProcessGroupGloo::Options::create(timeout);
    if (interfaces == nullptr) {
        options->devices.push_back(ProcessGroupGloo::createDefaultDevice());
    } else {
        std::istringstream names(interfaces);
        for (std::string name; std::getline(names, name, ',');)
            options->devices.push_back(ProcessGroupGloo::createDeviceForInterface(name));
    }
    options->threads = 2 * static_cast<int>(options->devices.size());
    return options;
}

c10::intrusive_ptr<c10d::Work> &begun(ct_work work) { return *static_cast<c10::intrusive_ptr<c10d::Work> *>(work.raw); }

void wait(const c10::intrusive_ptr<c10d::Work> &work) { TORCH_CHECK(work->wait(), "the work was given up"); }

}  // namespace

c10::intrusive_ptr<c10d::Store> ctorch::meetingStore(ct_meeting_place place, int32_t size, std::chrono::milliseconds timeout) {
    c10d::TCPStoreOptions options;
    options.port = place.port;
    options.isServer = place.hosts;
    options.numWorkers = static_cast<size_t>(size);
    options.timeout = timeout;
    options.multiTenant = place.hosts;
    return c10::make_intrusive<c10d::PrefixStore>(place.prefix, c10::make_intrusive<c10d::TCPStore>(place.address, options));
}

ct_process_group ctorch::opened(c10::intrusive_ptr<c10d::Backend> backend, const char *name, int32_t rank, int32_t size) {
    TORCH_CHECK(
        backend->getBackendName() == name && backend->getRank() == rank && backend->getSize() == size,
        "libtorch was built with another process group over ", name, " than its headers declare");
    return {new c10::intrusive_ptr<c10d::Backend>(std::move(backend))};
}

ct_status ct_process_group_create(
    ct_meeting_place place, int32_t rank, int32_t size, int64_t timeoutMilliseconds, ct_process_group *result) {
    return guarded([&] {
        std::chrono::milliseconds timeout(timeoutMilliseconds);
        *result = opened(
            c10::make_intrusive<c10d::ProcessGroupGloo>(
                meetingStore(place, size, timeout), rank, size, options(place.interfaces, timeout)),
            c10d::GLOO_BACKEND_NAME, rank, size);
    });
}

void ct_process_group_free(ct_process_group group) { delete &backend(group); }

ct_status ct_process_group_sum(ct_process_group group, ct_tensor tensor) {
    return guarded([&] {
        std::vector<at::Tensor> tensors{borrowed(tensor)};
        wait(backend(group)->allreduce(tensors));
    });
}

ct_status ct_process_group_broadcast(ct_process_group group, ct_tensor tensor, int32_t root) {
    return guarded([&] {
        std::vector<at::Tensor> tensors{borrowed(tensor)};
        c10d::BroadcastOptions options;
        options.rootRank = root;
        wait(backend(group)->broadcast(tensors, options));
    });
}

ct_status ct_process_group_barrier(ct_process_group group) {
    return guarded([&] { wait(backend(group)->barrier()); });
}

ct_status ct_process_group_send(ct_process_group group, ct_tensor tensor, int32_t receiver) {
    return guarded([&] {
        std::vector<at::Tensor> tensors{borrowed(tensor)};
        wait(backend(group)->send(tensors, receiver, 0));
    });
}

ct_status ct_process_group_receive(ct_process_group group, ct_tensor tensor, int32_t sender) {
    return guarded([&] {
        std::vector<at::Tensor> tensors{borrowed(tensor)};
        wait(backend(group)->recv(tensors, sender, 0));
    });
}

ct_status ct_process_group_begin_sum(ct_process_group group, ct_tensor tensor, ct_work *result) {
    return guarded([&] {
        std::vector<at::Tensor> tensors{borrowed(tensor)};
        *result = {new c10::intrusive_ptr<c10d::Work>(backend(group)->allreduce(tensors))};
    });
}

ct_status ct_work_wait(ct_work work) {
    return guarded([&] { wait(begun(work)); });
}

void ct_work_free(ct_work work) { delete &begun(work); }
