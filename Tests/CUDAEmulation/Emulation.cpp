// A block's threads are threads of the host that wait for each other where the kernel says so. Slow, and right where it counts: a
// wrong index, a missing barrier or a wrong reduction gives wrong numbers here too.
#include <barrier>
#include <bit>
#include <cmath>
#include <cstring>
#include <memory>
#include <string>
#include <thread>
#include <tuple>
#include <unordered_map>
#include <utility>
#include <vector>

#include "CUDAEmulation.h"

namespace {

struct Index {
    unsigned x;
};

thread_local Index threadIdx, blockIdx;
Index blockDim;
std::unique_ptr<std::barrier<>> everyone;
float exchanged[1024];

void __syncthreads() { everyone->arrive_and_wait(); }

/// Every thread of the block takes part, as in these kernels every one does.
float __shfl_xor_sync(unsigned, float value, int distance) {
    exchanged[threadIdx.x] = value;
    everyone->arrive_and_wait();
    float other = exchanged[threadIdx.x ^ static_cast<unsigned>(distance)];
    everyone->arrive_and_wait();
    return other;
}

float __uint_as_float(unsigned bits) { return std::bit_cast<float>(bits); }
unsigned __float_as_uint(float value) { return std::bit_cast<unsigned>(value); }

#define __device__
#define __global__
#define __launch_bounds__(threads)
#define __shared__ static

#include "../../Sources/Torch/CUDA/RowKernels.cu"

template <class... Arguments, size_t... places>
void call(void (*kernel)(Arguments...), void *const *arguments, std::index_sequence<places...>) {
    kernel(*static_cast<Arguments *>(arguments[places])...);
}

using Invocation = void (*)(void *const *arguments);

template <auto kernel>
struct Invoked;
template <class... Arguments, void (*kernel)(Arguments...)>
struct Invoked<kernel> {
    static void with(void *const *arguments) { call(kernel, arguments, std::index_sequence_for<Arguments...>()); }
};

#define KERNELS(instance)                                                                                                      \
    {"rmsNorm_" #instance, Invoked<rmsNorm_##instance>::with},                                                                 \
        {"rmsNormBackward_" #instance, Invoked<rmsNormBackward_##instance>::with},                                             \
        {"swiGLU_" #instance, Invoked<swiGLU_##instance>::with},                                                               \
        {"swiGLUBackward_" #instance, Invoked<swiGLUBackward_##instance>::with},                                               \
        {"rotate_" #instance, Invoked<rotate_##instance>::with},                                                               \
        {"crossEntropy_" #instance, Invoked<crossEntropy_##instance>::with},                                                   \
        {"crossEntropyBackward_" #instance, Invoked<crossEntropyBackward_##instance>::with},                                   \
        {"dropout_" #instance, Invoked<dropout_##instance>::with}

const std::unordered_map<std::string, Invocation> kernels{
    KERNELS(float32_4), KERNELS(float32_1), KERNELS(bfloat16_8), KERNELS(bfloat16_1)};

}  // namespace

int32_t emulate_kernel(const char *name, uint32_t blocks, uint32_t threads, void *const *arguments) {
    auto found = kernels.find(name);
    if (found == kernels.end()) return 1;
    blockDim.x = threads;
    everyone = std::make_unique<std::barrier<>>(threads);
    std::vector<std::thread> block;
    for (uint32_t thread = 0; thread < threads; ++thread)
        block.emplace_back([=, invocation = found->second] {
            threadIdx.x = thread;
            for (uint32_t row = 0; row < blocks; ++row) {
                blockIdx.x = row;
                invocation(arguments);
                __syncthreads();
            }
        });
    for (auto &thread : block) thread.join();
    return 0;
}
