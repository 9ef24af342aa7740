/// Runs Winnow's CUDA kernels on the host: their own text, compiled as C++.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// Does what launching the kernel does: `blocks` blocks, one after another, of `threads` threads side by side, a multiple of 32.
/// `arguments` points to the value of each argument; pointers among them are to host memory.
/// Returns 0, or 1 where there is no kernel of that name.
int32_t emulate_kernel(const char *name, uint32_t blocks, uint32_t threads, void *const *arguments);

#ifdef __cplusplus
}
#endif
