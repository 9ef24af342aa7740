#include <ATen/CPUGeneratorImpl.h>
#include <ATen/core/Generator.h>

#include "Guard.h"

namespace ctorch {
at::Generator borrowed(ct_generator handle) { return *static_cast<at::Generator *>(handle.raw); }
}  // namespace ctorch

using namespace ctorch;

ct_status ct_generator_create(uint64_t seed, ct_generator *result) {
    return guarded([&] { *result = {new at::Generator(at::make_generator<at::CPUGeneratorImpl>(seed))}; });
}

void ct_generator_free(ct_generator generator) { delete static_cast<at::Generator *>(generator.raw); }

ct_status ct_generator_state(ct_generator handle, ct_tensor *result) {
    return guarded([&] {
        auto generator = borrowed(handle);
        std::scoped_lock lock(generator.mutex());
        *result = owned(generator.get_state());
    });
}

ct_status ct_generator_set_state(ct_generator handle, ct_tensor state) {
    return guarded([&] {
        auto generator = borrowed(handle);
        std::scoped_lock lock(generator.mutex());
        generator.set_state(borrowed(state));
    });
}
