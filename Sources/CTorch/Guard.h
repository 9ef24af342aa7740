// Shared by the C++ files: errors stop here, handles are opened here.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/Exception.h>

#include <exception>
#include <string>

#include "CTorch.h"

namespace ctorch {

void setLastError(std::string message) noexcept;

/// Runs `body`; no exception leaves it.
template <class Body>
ct_status guarded(Body &&body) noexcept {
    try {
        body();
        return 0;
    } catch (const c10::Error &error) {
        setLastError(error.what_without_backtrace());
    } catch (const std::exception &error) {
        setLastError(error.what());
    } catch (...) {
        setLastError("libtorch threw something that is not an exception");
    }
    return 1;
}

/// A counted reference to the tensor behind a handle; an undefined tensor for a null one.
at::Tensor borrowed(ct_tensor handle);
/// A new handle, which the caller owns. Null for an undefined tensor.
ct_tensor owned(at::Tensor tensor);

at::Generator borrowed(ct_generator handle);

}  // namespace ctorch
