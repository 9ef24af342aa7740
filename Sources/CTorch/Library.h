// A shared library that is opened at run time.
#pragma once

#include <c10/util/Exception.h>
#include <dlfcn.h>

#include <string>

namespace ctorch {

class Library {
   public:
    Library() = default;
    /// Never closed: what it gave out is used until the process ends.
    explicit Library(const std::string &path) : handle(dlopen(path.c_str(), RTLD_NOW | RTLD_GLOBAL)) {}

    explicit operator bool() const { return handle != nullptr; }

    template <class Function>
    Function function(const char *name) const {
        auto *symbol = dlsym(handle, name);
        TORCH_CHECK(symbol != nullptr, "the library has no ", name);
        return reinterpret_cast<Function>(symbol);
    }

   private:
    void *handle = nullptr;
};

}  // namespace ctorch
