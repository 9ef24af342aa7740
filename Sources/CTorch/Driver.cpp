// NVIDIA's driver: loading compiled kernels and launching them.
#include <c10/core/DeviceGuard.h>

#include "CTorchCUDA.h"
#include "Guard.h"
#include "Library.h"

using namespace ctorch;

namespace {

/// The part of its C interface that is needed: https://docs.nvidia.com/cuda/cuda-driver-api. `CUdevice` is an int, other handles are
/// pointers, a status is an int.
struct Driver {
    int (*init)(unsigned flags);
    int (*errorString)(int status, const char **text);
    int (*deviceGet)(int *device, int ordinal);
    int (*deviceName)(char *name, int capacity, int device);
    int (*deviceAttribute)(int *value, int attribute, int device);
    int (*primaryContext)(void **context, int device);
    int (*currentContext)(void **context);
    int (*setCurrentContext)(void *context);
    int (*loadModule)(void **module, const void *image);
    int (*findFunction)(void **function, void *module, const char *name);
    int (*launch)(
        void *function, unsigned gridX, unsigned gridY, unsigned gridZ, unsigned blockX, unsigned blockY, unsigned blockZ,
        unsigned sharedBytes, void *stream, void **arguments, void **extra);
    /// libtorch's stable way to its current stream; part of its CUDA builds alone.
    int (*currentStream)(int32_t device, void **stream);

    Driver(const Library &library, const Library &torch)
        : init(library.function<decltype(init)>("cuInit")),
          errorString(library.function<decltype(errorString)>("cuGetErrorString")),
          deviceGet(library.function<decltype(deviceGet)>("cuDeviceGet")),
          deviceName(library.function<decltype(deviceName)>("cuDeviceGetName")),
          deviceAttribute(library.function<decltype(deviceAttribute)>("cuDeviceGetAttribute")),
          primaryContext(library.function<decltype(primaryContext)>("cuDevicePrimaryCtxRetain")),
          currentContext(library.function<decltype(currentContext)>("cuCtxGetCurrent")),
          setCurrentContext(library.function<decltype(setCurrentContext)>("cuCtxSetCurrent")),
          loadModule(library.function<decltype(loadModule)>("cuModuleLoadData")),
          findFunction(library.function<decltype(findFunction)>("cuModuleGetFunction")),
          launch(library.function<decltype(launch)>("cuLaunchKernel")),
          currentStream(torch.function<decltype(currentStream)>("aoti_torch_get_current_cuda_stream")) {
        check(init(0), "start");
    }

    void check(int status, const char *action) const {
        const char *text = "an unknown error";
        if (status != 0) errorString(status, &text);
        TORCH_CHECK(status == 0, "the CUDA driver could not ", action, ": ", text);
    }
};

const Driver &driver() {
    static const Driver instance = [] {
        Library library{"libcuda.so.1"};
        TORCH_CHECK(library, "there is no NVIDIA driver here: ", dlerror());
        Library torch{"libtorch_cuda.so"};
        TORCH_CHECK(torch, "this libtorch is not a CUDA build: ", dlerror());
        return Driver{library, torch};
    }();
    return instance;
}

c10::Device opened(ct_device device) {
    return c10::Device(static_cast<c10::DeviceType>(device.type), static_cast<c10::DeviceIndex>(device.index));
}

int driverDevice(ct_device device) {
    int found = 0;
    driver().check(driver().deviceGet(&found, device.index < 0 ? 0 : device.index), "find the device");
    return found;
}

/// A thread that libtorch has made, such as autograd's, may have no context yet.
void makeCurrent(ct_device device) {
    void *context = nullptr;
    driver().check(driver().currentContext(&context), "say which context is current");
    if (context != nullptr) return;
    driver().check(driver().primaryContext(&context, driverDevice(device)), "open the device");
    driver().check(driver().setCurrentContext(context), "turn to the device");
}

}  // namespace

ct_status ct_cuda_capability(ct_device device, int32_t *major, int32_t *minor) {
    return guarded([&] {
        constexpr int majorAttribute = 75, minorAttribute = 76;  // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR, _MINOR
        int found[2];
        driver().check(driver().deviceAttribute(&found[0], majorAttribute, driverDevice(device)), "describe the device");
        driver().check(driver().deviceAttribute(&found[1], minorAttribute, driverDevice(device)), "describe the device");
        *major = found[0], *minor = found[1];
    });
}

ct_status ct_cuda_device_name(ct_device device, char *name, int32_t capacity) {
    return guarded([&] { driver().check(driver().deviceName(name, capacity, driverDevice(device)), "name the device"); });
}

ct_status ct_cuda_module_load(ct_device device, const void *image, ct_cuda_module *result) {
    return guarded([&] {
        c10::DeviceGuard guard(opened(device));
        makeCurrent(device);
        void *module = nullptr;
        driver().check(driver().loadModule(&module, image), "load compiled kernels");
        *result = {module};
    });
}

ct_status ct_cuda_kernel_find(ct_cuda_module module, const char *name, ct_cuda_kernel *result) {
    return guarded([&] {
        void *function = nullptr;
        auto action = std::string("find the kernel ") + name;
        driver().check(driver().findFunction(&function, module.raw, name), action.c_str());
        *result = {function};
    });
}

ct_status ct_cuda_launch(ct_cuda_kernel kernel, ct_device device, uint32_t blocks, uint32_t threads, void *const *arguments) {
    return guarded([&] {
        if (blocks == 0) return;
        c10::DeviceGuard guard(opened(device));
        makeCurrent(device);
        void *stream = nullptr;
        TORCH_CHECK(driver().currentStream(guard.current_device().index(), &stream) == 0, "libtorch has no current CUDA stream");
        driver().check(
            driver().launch(
                kernel.raw, blocks, 1, 1, threads, 1, 1, 0, stream, const_cast<void **>(arguments), nullptr),
            "launch a kernel");
    });
}
