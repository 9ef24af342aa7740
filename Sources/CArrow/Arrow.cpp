#include <arrow/buffer.h>
#include <arrow/io/file.h>
#include <arrow/ipc/reader.h>
#include <arrow/record_batch.h>
#include <arrow/type.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "Batches.h"
#include "Guard.h"

namespace carrow {
namespace {

using File = std::shared_ptr<arrow::io::ReadableFile>;

/// Of the batches only `field` is read. `use_threads`: one column needs none.
arrow::ipc::IpcReadOptions options(arrow::MemoryPool *pool, std::vector<int> fields = {}) {
    auto options = arrow::ipc::IpcReadOptions::Defaults();
    options.memory_pool = pool;
    options.use_threads = false;
    options.included_fields = std::move(fields);
    options.ensure_alignment = arrow::ipc::Alignment::kDataTypeSpecificAlignment;
    return options;
}

std::shared_ptr<arrow::Array> onlyColumn(const arrow::RecordBatch &batch) {
    if (batch.num_columns() != 1) throw std::runtime_error("a record batch does not fit the schema");
    return batch.column(0);
}

/// The stream format: what `datasets` and `pyarrow.ipc.new_stream` write.
class StreamBatches final : public Batches {
public:
    StreamBatches(File file, const std::string &column, arrow::MemoryPool *pool) : file_(std::move(file)) {
        const auto start = check(file_->Read(4));
        check(file_->Seek(0));
        isLegacy_ = start->size() < 4 || std::memcmp(start->data(), endMark.data(), 4) != 0;
        using Reader = arrow::ipc::RecordBatchStreamReader;
        const auto schema = check(Reader::Open(file_, options(pool)))->schema();
        check(file_->Seek(0));
        reader_ = check(Reader::Open(file_, options(pool, {textColumn(*schema, column)})));
        position_ = check(file_->Tell());
    }

    std::shared_ptr<arrow::Array> next() override {
        while (true) {
            const int64_t before = position_;
            std::shared_ptr<arrow::RecordBatch> batch;
            check(reader_->ReadNext(&batch));
            position_ = check(file_->Tell());
            if (!batch) {
                checkEnd(before);
                return nullptr;
            }
            if (batch->num_rows() > 0) return onlyColumn(*batch);
        }
    }

    int64_t position() const override { return position_; }

private:
    /// Arrow takes the end of a file for the end of its stream. A file that was cut off between two batches looks the same, but
    /// for the mark that every writer puts at the end, a message of no bytes. Before Arrow 0.15 messages began without four bytes
    /// of ones.
    void checkEnd(int64_t before) {
        const int64_t size = check(file_->GetSize());
        if (position_ < size) throw std::runtime_error("it goes on after its end mark: two files in one?");
        const int64_t length = isLegacy_ ? 4 : 8;
        const auto last = check(file_->ReadAt(std::max<int64_t>(0, size - length), length));
        // What lies before the mark may end in zeros, too.
        const bool isMark = last->size() == length && std::memcmp(last->data(), endMark.data() + 8 - length, length) == 0;
        if (position_ == before || !isMark) {
            throw std::runtime_error("it ends before its end mark: it was cut off, or its writer was");
        }
    }

    static constexpr std::array<uint8_t, 8> endMark = {0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0};

    bool isLegacy_ = false;
    File file_;
    std::shared_ptr<arrow::ipc::RecordBatchStreamReader> reader_;
    int64_t position_ = 0;
};

/// The file format, with a footer that says where each batch is.
class FileBatches final : public Batches {
public:
    FileBatches(File file, const std::string &column, arrow::MemoryPool *pool) : size_(check(file->GetSize())) {
        using Reader = arrow::ipc::RecordBatchFileReader;
        const auto schema = check(Reader::Open(file, options(pool)))->schema();
        reader_ = check(Reader::Open(file, options(pool, {textColumn(*schema, column)})));
    }

    std::shared_ptr<arrow::Array> next() override {
        while (next_ < reader_->num_record_batches()) {
            const auto batch = check(reader_->ReadRecordBatch(next_++));
            if (batch->num_rows() > 0) return onlyColumn(*batch);
        }
        return nullptr;
    }

    int64_t position() const override {
        const int count = reader_->num_record_batches();
        return next_ == count ? size_ : size_ / count * next_;
    }

private:
    int64_t size_;
    std::shared_ptr<arrow::ipc::RecordBatchFileReader> reader_;
    int next_ = 0;
};

}  // namespace

std::unique_ptr<Batches> arrowBatches(const std::string &path, const std::string &column, arrow::MemoryPool *pool) {
    auto file = check(arrow::io::ReadableFile::Open(path, pool));
    static constexpr char magic[] = "ARROW1";
    const auto start = check(file->Read(6));
    check(file->Seek(0));
    if (start->size() == 6 && std::memcmp(start->data(), magic, 6) == 0) {
        return std::make_unique<FileBatches>(std::move(file), column, pool);
    }
    return std::make_unique<StreamBatches>(std::move(file), column, pool);
}

}  // namespace carrow
