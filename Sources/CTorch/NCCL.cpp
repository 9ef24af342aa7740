// c10d's process group over NCCL, as `torch.distributed.init_process_group("nccl")` makes it, for tensors on GPUs.
#include "CTorchRanks.h"
#include "Guard.h"

// Package.swift says whether libtorch is a CUDA build and NVIDIA's headers are there.
#ifdef CTORCH_NCCL
#define USE_C10D_NCCL
#include <torch/csrc/distributed/c10d/ProcessGroupNCCL.hpp>

#include <cstdlib>

#include "Ranks.h"
#endif

using namespace ctorch;

#ifdef CTORCH_NCCL

bool ct_has_nccl() { return true; }

ct_status ct_process_group_create_nccl(
    ct_meeting_place place, int32_t rank, int32_t size, int64_t timeoutMilliseconds, ct_process_group *result) {
    return guarded([&] {
        // A rank that waits in vain gets an error when the time is up; c10d's watchdog would end the process instead.
        ::setenv("TORCH_NCCL_BLOCKING_WAIT", "1", /*overwrite=*/0);
        auto options = c10d::ProcessGroupNCCL::Options::create();
        options->timeout = std::chrono::milliseconds(timeoutMilliseconds);
        *result = opened(
            c10::make_intrusive<c10d::ProcessGroupNCCL>(meetingStore(place, size, options->timeout), rank, size, options),
            c10d::NCCL_BACKEND_NAME, rank, size);
    });
}

#else

bool ct_has_nccl() { return false; }

ct_status ct_process_group_create_nccl(ct_meeting_place, int32_t, int32_t, int64_t, ct_process_group *) {
    return guarded([] { TORCH_CHECK(false, "this program was built without NVIDIA's headers of NCCL"); });
}

#endif
