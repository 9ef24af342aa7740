// NVRTC, NVIDIA's compiler in a library: CUDA C++ in, a cubin out. It needs no GPU.
#include <ATen/Parallel.h>

#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <vector>

#include "CTorchCUDA.h"
#include "Guard.h"
#include "Library.h"

using namespace ctorch;

namespace {

namespace fs = std::filesystem;

/// Its C interface, which has been the same since CUDA 11.2: https://docs.nvidia.com/cuda/nvrtc
struct Compiler {
    using Program = void *;
    int (*version)(int *major, int *minor);
    const char *(*errorString)(int);
    int (*create)(
        Program *, const char *source, const char *name, int headerCount, const char *const *headers, const char *const *names);
    int (*destroy)(Program *);
    int (*compile)(Program, int optionCount, const char *const *options);
    int (*logSize)(Program, size_t *);
    int (*log)(Program, char *);
    int (*imageSize)(Program, size_t *);
    int (*image)(Program, char *);

    explicit Compiler(const Library &library)
        : version(library.function<decltype(version)>("nvrtcVersion")),
          errorString(library.function<decltype(errorString)>("nvrtcGetErrorString")),
          create(library.function<decltype(create)>("nvrtcCreateProgram")),
          destroy(library.function<decltype(destroy)>("nvrtcDestroyProgram")),
          compile(library.function<decltype(compile)>("nvrtcCompileProgram")),
          logSize(library.function<decltype(logSize)>("nvrtcGetProgramLogSize")),
          log(library.function<decltype(log)>("nvrtcGetProgramLog")),
          imageSize(library.function<decltype(imageSize)>("nvrtcGetCUBINSize")),
          image(library.function<decltype(image)>("nvrtcGetCUBIN")) {}

    void check(int status, const char *action) const {
        TORCH_CHECK(status == 0, "NVRTC could not ", action, ": ", errorString(status));
    }
};

/// Folders that pip may have put it in, seen from libtorch's own.
std::vector<fs::path> folders() {
    Dl_info info;
    if (dladdr(reinterpret_cast<void *>(&at::get_num_threads), &info) == 0 || info.dli_fname == nullptr) return {};
    std::error_code error;
    auto libraries = fs::weakly_canonical(info.dli_fname, error).parent_path();
    auto packages = libraries.parent_path().parent_path();
    return {libraries, packages / "nvidia/cu13/lib", packages / "nvidia/cuda_nvrtc/lib"};
}

/// Its built-in headers are a library of their own, which it looks for on the loader's path alone: so they are opened first.
void openBuiltins(const fs::path &folder) {
    std::error_code error;
    for (const auto &file : fs::directory_iterator(folder, error))
        if (file.path().filename().string().starts_with("libnvrtc-builtins.so")) Library{file.path().string()};
}

Library openLibrary() {
    const std::vector<std::string> names{"libnvrtc.so.13", "libnvrtc.so.12"};
    if (const char *path = std::getenv("WINNOW_NVRTC"); path != nullptr && *path != 0) {
        openBuiltins(fs::path(path).parent_path());
        Library library{std::string(path)};
        TORCH_CHECK(library, "WINNOW_NVRTC=", path, " could not be opened: ", dlerror());
        return library;
    }
    for (const auto &folder : folders())
        for (const auto &name : names) {
            std::error_code error;
            if (!fs::exists(folder / name, error)) continue;
            openBuiltins(folder);
            if (Library library{(folder / name).string()}) return library;
        }
    for (const auto &name : names)
        if (Library library{name}) return library;
    TORCH_CHECK(
        false, "NVRTC (", names[0], ") is neither beside libtorch nor on the loader's path: install the package ",
        "nvidia-cuda-nvrtc where torch is, or name the library in WINNOW_NVRTC");
}

const Compiler &compiler() {
    static const Compiler instance{openLibrary()};
    return instance;
}

}  // namespace

ct_status ct_nvrtc_version(int32_t *major, int32_t *minor) {
    return guarded([&] {
        int found[2];
        compiler().check(compiler().version(&found[0], &found[1]), "say its version");
        *major = found[0], *minor = found[1];
    });
}

ct_status ct_nvrtc_compile(const char *source, const char *name, const char *architecture, void **image, int64_t *count) {
    return guarded([&] {
        const auto &nvrtc = compiler();
        Compiler::Program program = nullptr;
        nvrtc.check(nvrtc.create(&program, source, name, 0, nullptr, nullptr), "take the source");
        struct Destroyed {
            Compiler::Program *program;
            ~Destroyed() { compiler().destroy(program); }
        } destroyed{&program};

        auto target = std::string("--gpu-architecture=") + architecture;
        const char *options[] = {target.c_str(), "--std=c++17"};
        if (auto status = nvrtc.compile(program, 2, options); status != 0) {
            size_t length = 0;
            nvrtc.check(nvrtc.logSize(program, &length), "give its log");
            std::string log(length, '\0');
            nvrtc.check(nvrtc.log(program, log.data()), "give its log");
            TORCH_CHECK(false, name, " does not compile for ", architecture, " (", nvrtc.errorString(status), "): ", log.c_str());
        }
        size_t size = 0;
        nvrtc.check(nvrtc.imageSize(program, &size), "give the compiled kernels");
        auto *bytes = static_cast<char *>(std::malloc(size));
        TORCH_CHECK(bytes != nullptr, "no memory for ", size, " bytes of compiled kernels");
        if (auto status = nvrtc.image(program, bytes); status != 0) {
            std::free(bytes);
            nvrtc.check(status, "give the compiled kernels");
        }
        *image = bytes;
        *count = static_cast<int64_t>(size);
    });
}
