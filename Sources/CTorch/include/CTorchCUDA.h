/// CUDA without its toolkit: kernels compiled at run time, launched through the driver, on the streams that libtorch uses.
///
/// NVRTC and the driver are opened when they are first asked for. Neither is needed to build, nor to run on a CPU.
#pragma once

#include "CTorch.h"

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

typedef struct { void *_Nullable raw; } ct_cuda_module;
typedef struct { void *_Nullable raw; } ct_cuda_kernel;

/// Of the NVRTC found: at WINNOW_NVRTC, beside libtorch (where pip puts what the wheel depends on), or on the loader's path.
ct_status ct_nvrtc_version(int32_t *major, int32_t *minor);
/// Compiles CUDA C++ to a cubin for one architecture, such as `sm_90`. The caller gives `image` back to `free`. The compiler's own
/// log is the error.
ct_status ct_nvrtc_compile(
    const char *source, const char *name, const char *architecture, void *_Nullable *_Nonnull image, int64_t *count);

/// The device's compute capability: 9 and 0 for an H100.
ct_status ct_cuda_capability(ct_device device, int32_t *major, int32_t *minor);
/// Its name, into `capacity` bytes.
ct_status ct_cuda_device_name(ct_device device, char *name, int32_t capacity);
/// Loads a cubin into the device's primary context, the one that libtorch works in. It stays for as long as the process.
ct_status ct_cuda_module_load(ct_device device, const void *image, ct_cuda_module *result);
ct_status ct_cuda_kernel_find(ct_cuda_module module, const char *name, ct_cuda_kernel *result);
/// Puts a kernel on libtorch's current stream of the device. `arguments` points to the value of each.
ct_status ct_cuda_launch(
    ct_cuda_kernel kernel, ct_device device, uint32_t blocks, uint32_t threads, void *_Nullable const *_Nonnull arguments);

/// Waits for all work of a device. Nothing to do for the CPU.
ct_status ct_device_synchronize(ct_device device);
/// The most bytes that tensors have taken on an accelerator since the process began.
ct_status ct_device_peak_memory(ct_device device, int64_t *result);

/// Gives memory that no tensor holds back to the device. Nothing to do for the CPU.
ct_status ct_device_release_memory(ct_device device);

/// A copy in host memory that may still be on its way, behind what the device was given before, and before what it is given from now on.
typedef struct { void *_Nullable raw; } ct_arrival;
ct_status ct_arrival_begin(ct_tensor tensor, ct_tensor *copy, ct_arrival *result);
/// Waits until the copy is there.
ct_status ct_arrival_wait(ct_arrival arrival);
void ct_arrival_free(ct_arrival arrival);

// Graphs: a stretch of work on a GPU, recorded once and repeated with one launch.

typedef struct { void *_Nullable raw; } ct_graph;
/// Whether this build has them: libtorch was a CUDA build and NVIDIA's headers were there when it was compiled.
bool ct_has_graphs(void);
/// Makes the calling thread's current stream one that can be recorded, which a device's default stream can't, unless it is one already.
ct_status ct_stream_leave_default(ct_device device);
/// From here on what is put on the current stream is recorded and not done: by this thread, and by autograd for it. It may not wait for
/// the device. Its memory comes from a pool that is `sharing`'s too, unless that is null: such graphs don't run side by side, and
/// what one leaves there, the other overwrites.
ct_status ct_graph_begin(ct_graph sharing, ct_graph *result);
/// Ends the recording. Where it fails the graph is of no use.
ct_status ct_graph_end(ct_graph graph);
ct_status ct_graph_replay(ct_graph graph);
void ct_graph_free(ct_graph graph);

// What tensors on the host take and give back, in order.

typedef struct { void *_Nullable raw; } ct_memory_log;
/// Logs the calling thread's tensors, and those of autograd for it, until it is stopped.
ct_status ct_memory_log_start(ct_memory_log *result);
/// Frees the log. `sizes`, which the caller gives back to `free`: bytes taken, and, negative, given back.
ct_status ct_memory_log_stop(ct_memory_log log, int64_t *_Nullable *_Nonnull sizes, int64_t *count);

/// A number for the whole process, 0 at first: what the Swift side prefers of kernels and operators.
void ct_arithmetic_set(int32_t choice);
int32_t ct_arithmetic(void);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif
