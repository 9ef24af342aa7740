#include <arrow/io/file.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>
#include <parquet/arrow/reader.h>
#include <parquet/arrow/schema.h>
#include <parquet/file_reader.h>
#include <parquet/metadata.h>
#include <parquet/properties.h>

#include <algorithm>

#include "Batches.h"
#include "Guard.h"

namespace carrow {
namespace {

/// Row group after row group, a few rows at a time: memory holds a page and a batch, not a row group.
class ParquetBatches final : public Batches {
public:
    ParquetBatches(const std::string &path, const std::string &column, arrow::MemoryPool *pool) {
        parquet::ReaderProperties properties(pool);
        properties.enable_buffered_stream();
        properties.set_buffer_size(1 << 18);
        properties.set_page_checksum_verification(true);
        parquet::ArrowReaderProperties arrowProperties(/*use_threads=*/false);
        arrowProperties.set_pre_buffer(false);

        parquet::arrow::FileReaderBuilder builder;
        const auto file = check(arrow::io::ReadableFile::Open(path, pool));
        size_ = check(file->GetSize());
        check(builder.Open(file, properties));
        builder.memory_pool(pool)->properties(arrowProperties);
        check(builder.Build(&reader_));

        std::shared_ptr<arrow::Schema> schema;
        check(reader_->GetSchema(&schema));
        const auto &field = reader_->manifest().schema_fields.at(textColumn(*schema, column));
        if (!field.is_leaf()) throw std::runtime_error("its schema calls a group of columns text");
        leaf_ = field.column_index;
        rowCount_ = reader_->parquet_reader()->metadata()->num_rows();
    }

    std::shared_ptr<arrow::Array> next() override {
        while (true) {
            if (!group_) {
                if (nextGroup_ == reader_->num_row_groups()) return nullptr;
                open(nextGroup_++);
            }
            std::shared_ptr<arrow::RecordBatch> batch;
            check(group_->ReadNext(&batch));
            if (batch) {
                remaining_ -= batch->num_rows();
                rowsRead_ += batch->num_rows();
            }
            if (batch ? remaining_ < 0 : remaining_ != 0) {
                throw std::runtime_error("row group " + std::to_string(nextGroup_) + " does not hold the rows that it announces");
            }
            if (!batch) {
                group_.reset();
            } else if (batch->num_rows() > 0) {
                return batch->column(0);
            }
        }
    }

    int64_t position() const override {
        if (rowCount_ <= 0) return size_;
        return static_cast<int64_t>(static_cast<double>(size_) * static_cast<double>(rowsRead_) / static_cast<double>(rowCount_));
    }

private:
    void open(int index) {
        const auto metadata = reader_->parquet_reader()->metadata()->RowGroup(index);
        remaining_ = metadata->num_rows();
        // As many rows as make some megabytes, by what the file says of itself. Wrong only where a dictionary stands for much text.
        const int64_t bytes = std::max<int64_t>(1, metadata->ColumnChunk(leaf_)->total_uncompressed_size());
        const double rowsPerByte = static_cast<double>(std::max<int64_t>(0, remaining_)) / static_cast<double>(bytes);
        reader_->set_batch_size(static_cast<int64_t>(std::clamp(rowsPerByte * batchBytes, 1.0, 1024.0)));
        group_ = check(reader_->GetRecordBatchReader({index}, {leaf_}));
    }

    static constexpr double batchBytes = 2 << 20;

    int64_t size_ = 0;
    std::unique_ptr<parquet::arrow::FileReader> reader_;
    int leaf_ = 0;
    int nextGroup_ = 0;
    std::shared_ptr<arrow::RecordBatchReader> group_;
    /// Rows of the group that are still to come.
    int64_t remaining_ = 0;
    int64_t rowsRead_ = 0;
    int64_t rowCount_ = 0;
};

}  // namespace

std::unique_ptr<Batches> parquetBatches(const std::string &path, const std::string &column, arrow::MemoryPool *pool) {
    return std::make_unique<ParquetBatches>(path, column, pool);
}

}  // namespace carrow
