// Shared by the C++ files: errors stop here.
#pragma once

#include <arrow/result.h>
#include <arrow/status.h>

#include <exception>
#include <new>
#include <stdexcept>
#include <string>

#include "CArrow.h"

namespace carrow {

void setLastError(const char *message) noexcept;

/// The column is not there, or not text.
struct UnfitColumn : std::runtime_error {
    using std::runtime_error::runtime_error;
};

/// Runs `body`; no exception leaves it.
template <class Body>
ca_status guarded(Body &&body) noexcept {
    try {
        body();
        return ca_success;
    } catch (const UnfitColumn &error) {
        setLastError(error.what());
        return ca_unfit_column;
    } catch (const std::bad_alloc &) {
        setLastError("there is not enough memory for what it claims to hold");
    } catch (const std::exception &error) {
        setLastError(error.what());
    } catch (...) {
        setLastError("Arrow threw something that is not an exception");
    }
    return ca_damaged;
}

inline void check(const arrow::Status &status) {
    if (status.IsOutOfMemory()) throw std::bad_alloc();
    if (!status.ok()) throw std::runtime_error(status.message());
}

template <class Value>
Value check(arrow::Result<Value> result) {
    check(result.status());
    return std::move(result).ValueUnsafe();
}

}  // namespace carrow
