#include <arrow/array.h>
#include <arrow/config.h>
#include <arrow/memory_pool.h>
#include <arrow/type.h>
#include <arrow/util/config.h>

#include <algorithm>
#include <cctype>

#include "Batches.h"
#include "Guard.h"

namespace carrow {

namespace {
thread_local std::string lastMessage;
constexpr size_t longestMessage = 2000;
}

/// Arrow quotes files in its messages, and those go to a terminal.
void setLastError(const char *message) noexcept {
    try {
        lastMessage = message;
        if (lastMessage.size() > longestMessage) lastMessage.resize(longestMessage);
        for (auto &byte : lastMessage) {
            if (std::iscntrl(static_cast<unsigned char>(byte)) && static_cast<unsigned char>(byte) < 0x80) byte = ' ';
        }
        while (!lastMessage.empty() && (lastMessage.back() == ' ' || lastMessage.back() == '.')) lastMessage.pop_back();
    } catch (...) {
        lastMessage.clear();
    }
}

namespace {

/// The same values as bytes. Text that is not UTF-8 is repaired by Winnow, and counted, as in any other format.
std::shared_ptr<arrow::Array> asBytes(const arrow::Array &text) {
    auto data = text.data()->Copy();
    switch (text.type_id()) {
    case arrow::Type::STRING: data->type = arrow::binary(); break;
    case arrow::Type::LARGE_STRING: data->type = arrow::large_binary(); break;
    case arrow::Type::STRING_VIEW: data->type = arrow::binary_view(); break;
    case arrow::Type::NA: break;
    default: throw std::runtime_error("a batch holds " + text.type()->ToString() + " where text was announced");
    }
    return arrow::MakeArray(data);
}

/// A batch's values, and where they stand for others, a dictionary's.
class Rows {
public:
    void take(const std::shared_ptr<arrow::Array> &batch) {
        // Every offset is checked before a value is looked at.
        check(batch->Validate());
        next_ = 0;
        if (batch->type_id() == arrow::Type::DICTIONARY) {
            const auto &array = static_cast<const arrow::DictionaryArray &>(*batch);
            check(array.indices()->ValidateFull());
            if (array.dictionary() != dictionary_) {
                values_ = asBytes(*array.dictionary());
                check(values_->ValidateFull());
                dictionary_ = array.dictionary();
            }
            indices_ = std::static_pointer_cast<arrow::DictionaryArray>(batch);
            count_ = array.length();
        } else {
            dictionary_.reset();
            indices_.reset();
            values_ = asBytes(*batch);
            check(values_->ValidateFull());
            count_ = values_->length();
        }
    }

    bool isAtEnd() const { return next_ == count_; }

    ca_row next() {
        int64_t index = next_++;
        if (indices_) {
            if (indices_->IsNull(index)) return {ca_null, nullptr, 0};
            index = indices_->GetValueIndex(index);
            if (index < 0 || index >= values_->length()) throw std::runtime_error("a row names an entry that its dictionary lacks");
        }
        if (values_->IsNull(index)) return {ca_null, nullptr, 0};
        const auto text = view(index);
        return {ca_text, reinterpret_cast<const uint8_t *>(text.data()), static_cast<int64_t>(text.size())};
    }

private:
    std::string_view view(int64_t index) const {
        switch (values_->type_id()) {
        case arrow::Type::BINARY: return static_cast<const arrow::BinaryArray &>(*values_).GetView(index);
        case arrow::Type::LARGE_BINARY: return static_cast<const arrow::LargeBinaryArray &>(*values_).GetView(index);
        default: return static_cast<const arrow::BinaryViewArray &>(*values_).GetView(index);
        }
    }

    int64_t next_ = 0;
    int64_t count_ = 0;
    std::shared_ptr<arrow::Array> values_;
    std::shared_ptr<arrow::Array> dictionary_;
    std::shared_ptr<arrow::DictionaryArray> indices_;
};

/// What all readers may hold at a time: a text of the largest size that Winnow takes, 512 MB, packed, unpacked and copied.
constexpr int64_t memoryLimit = int64_t{2} << 30;

/// Never destroyed: Arrow's threads may give a buffer back after the reader that asked for it is gone.
arrow::MemoryPool *pool() {
    static auto *const counted = new arrow::ProxyMemoryPool(arrow::default_memory_pool());
    static auto *const capped = new arrow::CappedMemoryPool(counted, memoryLimit);
    return capped;
}

/// What a `ca_reader` points to.
class Reader {
public:
    Reader(const char *path, ca_format format, const char *column)
        : batches_((format == ca_parquet ? parquetBatches : arrowBatches)(path, column, pool())) {}

    ca_row next() {
        while (rows_.isAtEnd()) {
            const auto batch = batches_->next();
            if (!batch) return {ca_end, nullptr, 0};
            rows_.take(batch);
        }
        return rows_.next();
    }

    int64_t position() const { return batches_->position(); }

private:
    std::unique_ptr<Batches> batches_;
    Rows rows_;
};

Reader *borrowed(ca_reader reader) { return static_cast<Reader *>(reader.raw); }

const ca_functions functions = {
    .version = ca_version,
    .arrowVersion = ARROW_VERSION_STRING,
    .lastError = [] { return lastMessage.c_str(); },
    .open =
        [](const char *path, ca_format format, const char *column, ca_reader *result) {
            return guarded([&] { result->raw = new Reader(path, format, column); });
        },
    .next = [](ca_reader reader, ca_row *result) { return guarded([&] { *result = borrowed(reader)->next(); }); },
    .position =
        [](ca_reader reader) {
            int64_t position = 0;
            guarded([&] { position = borrowed(reader)->position(); });
            return position;
        },
    .close = [](ca_reader reader) { guarded([&] { delete borrowed(reader); }); },
};

}  // namespace
}  // namespace carrow

extern "C" __attribute__((visibility("default"))) const ca_functions *winnow_arrow(void) { return &carrow::functions; }
