// The record batches of a file, of one column, one at a time.
#pragma once

#include <arrow/array.h>
#include <arrow/memory_pool.h>

#include <memory>
#include <string>

namespace carrow {

class Batches {
public:
    virtual ~Batches() = default;
    /// The next rows, at least one; null after the last. Not validated.
    virtual std::shared_ptr<arrow::Array> next() = 0;
    /// About how many of the file's bytes have been read.
    virtual int64_t position() const = 0;
};

std::unique_ptr<Batches> parquetBatches(const std::string &path, const std::string &column, arrow::MemoryPool *pool);
std::unique_ptr<Batches> arrowBatches(const std::string &path, const std::string &column, arrow::MemoryPool *pool);

/// Where `column` is among the top-level fields.
///
/// Throws `UnfitColumn`, which names the columns that there are, where it is missing, there twice, or not text.
int textColumn(const arrow::Schema &schema, const std::string &column);

}  // namespace carrow
