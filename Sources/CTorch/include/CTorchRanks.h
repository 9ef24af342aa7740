/// Processes that compute together: c10d's TCPStore and Gloo, which libtorch has inside, and NCCL.
#pragma once

#include "CTorch.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

typedef struct { void *_Nullable raw; } ct_process_group;
/// A request that ranks are at work on.
typedef struct { void *_Nullable raw; } ct_work;

/// Where ranks meet, and how one of them gets there.
typedef struct {
    const char *address;
    uint16_t port;
    /// Whether this process serves the store at that address, as rank 0 does unless the launcher serves it.
    bool hosts;
    /// Keeps what is stored apart from other groups' that meet at the same address.
    const char *prefix;
    /// Network interfaces to use, separated by commas; null for the one that this machine's name leads to.
    const char *_Nullable interfaces;
} ct_meeting_place;

/// A group for tensors in host memory, over Gloo. Waits until all `size` ranks have come.
ct_status ct_process_group_create(
    ct_meeting_place place, int32_t rank, int32_t size, int64_t timeoutMilliseconds, ct_process_group *result);
/// Whether this program was built with NVIDIA's headers of NCCL.
bool ct_has_nccl(void);
/// A group for tensors on GPUs, each rank's on its own, over NCCL: sums and broadcasts.
ct_status ct_process_group_create_nccl(
    ct_meeting_place place, int32_t rank, int32_t size, int64_t timeoutMilliseconds, ct_process_group *result);
void ct_process_group_free(ct_process_group group);

// Each waits for all ranks, at most for the group's timeout. Tensors are contiguous, where the group has them, and as large on every rank.

/// Replaces the tensor of every rank by their sum.
ct_status ct_process_group_sum(ct_process_group group, ct_tensor tensor);
/// Replaces the tensor of every rank by that of `root`.
ct_status ct_process_group_broadcast(ct_process_group group, ct_tensor tensor, int32_t root);
ct_status ct_process_group_barrier(ct_process_group group);
/// Sends the tensor to one rank, which receives it.
ct_status ct_process_group_send(ct_process_group group, ct_tensor tensor, int32_t receiver);
ct_status ct_process_group_receive(ct_process_group group, ct_tensor tensor, int32_t sender);

/// As `ct_process_group_sum`, without waiting: the tensor may not be touched until `ct_work_wait` has returned.
ct_status ct_process_group_begin_sum(ct_process_group group, ct_tensor tensor, ct_work *result);
ct_status ct_work_wait(ct_work work);
void ct_work_free(ct_work work);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif
