// What groups over Gloo (ProcessGroup.cpp) and over NCCL (NCCL.cpp) share.
#pragma once

#include <torch/csrc/distributed/c10d/Backend.hpp>
#include <torch/csrc/distributed/c10d/Store.hpp>

#include <chrono>

#include "CTorchRanks.h"

namespace ctorch {

inline c10::intrusive_ptr<c10d::Backend> &backend(ct_process_group group) {
    return *static_cast<c10::intrusive_ptr<c10d::Backend> *>(group.raw);
}

/// A handle, if the backend is what its headers declare.
ct_process_group opened(c10::intrusive_ptr<c10d::Backend> backend, const char *name, int32_t rank, int32_t size);

/// Through which ranks find each other.
c10::intrusive_ptr<c10d::Store> meetingStore(ct_meeting_place place, int32_t size, std::chrono::milliseconds timeout);

}  // namespace ctorch
