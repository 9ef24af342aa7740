#include <arrow/type.h>

#include "Batches.h"
#include "Guard.h"

namespace carrow {
namespace {

constexpr size_t listedColumns = 20;
constexpr size_t listedCharacters = 60;

std::string shortened(const std::string &text) {
    return text.size() <= listedCharacters ? text : text.substr(0, listedCharacters) + "…";
}

std::string described(const arrow::Field &field) {
    return shortened(field.name()) + " (" + shortened(field.type()->ToString()) + ")";
}

std::string list(const arrow::Schema &schema) {
    std::string names;
    size_t count = 0;
    for (const auto &field : schema.fields()) {
        if (count++ == listedColumns) return names + ", and " + std::to_string(schema.num_fields() - listedColumns) + " more";
        names += (names.empty() ? "" : ", ") + described(*field);
    }
    return names.empty() ? "none" : names;
}

bool isText(const arrow::DataType &type) {
    switch (type.id()) {
    case arrow::Type::STRING:
    case arrow::Type::LARGE_STRING:
    case arrow::Type::STRING_VIEW:
    // A column of nothing but nulls.
    case arrow::Type::NA: return true;
    case arrow::Type::DICTIONARY: {
        const auto &values = *static_cast<const arrow::DictionaryType &>(type).value_type();
        return values.id() != arrow::Type::DICTIONARY && isText(values);
    }
    default: return false;
    }
}

}  // namespace

int textColumn(const arrow::Schema &schema, const std::string &column) {
    const auto places = schema.GetAllFieldIndices(column);
    if (places.empty()) throw UnfitColumn("it has no column \"" + shortened(column) + "\"; its columns are " + list(schema));
    if (places.size() > 1) throw UnfitColumn("it has " + std::to_string(places.size()) + " columns \"" + shortened(column) + "\"");
    const auto &field = *schema.field(places[0]);
    if (!isText(*field.type())) {
        throw UnfitColumn("its column " + described(field) + " is not text; its columns are " + list(schema));
    }
    return places[0];
}

}  // namespace carrow
