/// One column of text out of Parquet and Arrow files, through Arrow's C++ library: the C ABI of a shared library of its own.
///
/// scripts/libarrow.sh compiles it against the library in the `pyarrow` wheel, and Corpora opens it when the first such file is
/// read. So no build needs Arrow, and a `winnow` that reads other text never loads it.
///
/// Rules that hold for every function:
/// - It returns a status, 0 for success. After a failure `lastError()` says why (thread-local, until the next failure).
/// - Outputs are written only on success.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

/// Raised with every change of what stands below.
enum { ca_version = 1 };

typedef enum : int32_t {
    ca_success,
    /// The file cannot be read as what its name says.
    ca_damaged,
    /// The file is sound, but the column is not there or is no text.
    ca_unfit_column,
} ca_status;

typedef enum : int32_t {
    ca_parquet,
    /// Arrow IPC: a stream, as `datasets` saves it, or a file.
    ca_arrow,
} ca_format;

typedef struct { void *_Nullable raw; } ca_reader;

typedef enum : int32_t {
    ca_end,
    ca_text,
    ca_null,
} ca_row_kind;

typedef struct {
    ca_row_kind kind;
    /// Claimed to be UTF-8, not checked. Alive until the reader's next row.
    const uint8_t *_Nullable bytes;
    int64_t count;
} ca_row;

typedef struct {
    int32_t version;
    /// Arrow's own, such as 23.0.1.
    const char *arrowVersion;
    const char *_Nonnull (*_Nonnull lastError)(void);
    /// A file that asks for more memory than two gigabytes is refused, here or later.
    ca_status (*_Nonnull open)(const char *path, ca_format format, const char *column, ca_reader *result);
    ca_status (*_Nonnull next)(ca_reader reader, ca_row *result);
    /// About how many of the file's bytes have been read.
    int64_t (*_Nonnull position)(ca_reader reader);
    void (*_Nonnull close)(ca_reader reader);
} ca_functions;

/// The library's only symbol.
const ca_functions *winnow_arrow(void);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif
