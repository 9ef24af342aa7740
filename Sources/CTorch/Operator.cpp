// The heart: one boxed call into libtorch's dispatcher, autograd included.
#include <ATen/core/dispatch/Dispatcher.h>
#include <ATen/core/ivalue.h>
#include <ATen/core/jit_type.h>

#include "Guard.h"

using namespace ctorch;

namespace {

const c10::OperatorHandle &handle(ct_operator op) { return *static_cast<const c10::OperatorHandle *>(op.raw); }

c10::TypePtr withoutOptional(const c10::TypePtr &type) {
    if (auto optional = type->cast<c10::OptionalType>()) return optional->getElementType();
    return type;
}

c10::IValue tensorList(const ct_value &value, const c10::TypePtr &type) {
    auto list = type->cast<c10::ListType>();
    if (list && list->getElementType()->kind() == c10::TypeKind::OptionalType) {
        c10::List<std::optional<at::Tensor>> tensors;
        tensors.reserve(static_cast<size_t>(value.count));
        for (int64_t i = 0; i < value.count; ++i) {
            auto tensor = borrowed(value.tensors[i]);
            tensors.push_back(tensor.defined() ? std::optional<at::Tensor>(std::move(tensor)) : std::nullopt);
        }
        return tensors;
    }
    c10::List<at::Tensor> tensors;
    tensors.reserve(static_cast<size_t>(value.count));
    for (int64_t i = 0; i < value.count; ++i) tensors.push_back(borrowed(value.tensors[i]));
    return tensors;
}

/// What the schema calls for: a kernel that reads a double fails on a boxed integer.
c10::IValue boxed(const ct_value &value, const c10::Argument &argument) {
    auto type = withoutOptional(argument.type());
    auto kind = type->kind();
    switch (value.kind) {
    case ct_kind_none:
        // An operator may hand out an undefined tensor, which its backward wants back.
        if (kind == c10::TypeKind::TensorType && argument.type()->kind() != c10::TypeKind::OptionalType)
            return at::Tensor();
        return {};
    case ct_kind_tensor: return borrowed(value.tensor);
    case ct_kind_tensor_list: return tensorList(value, type);
    case ct_kind_int:
        if (kind == c10::TypeKind::FloatType) return static_cast<double>(value.integer);
        return value.integer;
    case ct_kind_int_list: {
        auto integers = at::IntArrayRef(value.integers, static_cast<size_t>(value.count));
        auto list = type->cast<c10::ListType>();
        if (!list || list->getElementType()->kind() == c10::TypeKind::IntType) return c10::List<int64_t>(integers);
        // A list of anything else that integers can stand for: scalars, optional ones too.
        c10::impl::GenericList elements(list->getElementType());
        for (auto integer : integers) elements.push_back(c10::IValue(integer));
        return elements;
    }
    case ct_kind_double: return value.floating;
    case ct_kind_double_list: return c10::List<double>(at::ArrayRef<double>(value.floatings, static_cast<size_t>(value.count)));
    case ct_kind_bool: return value.boolean;
    case ct_kind_string: return std::string(value.string);
    case ct_kind_device:
        return c10::Device(
            static_cast<c10::DeviceType>(value.device.type), static_cast<c10::DeviceIndex>(value.device.index));
    case ct_kind_generator: return borrowed(value.generator);
    }
    TORCH_CHECK(false, "an argument of unknown kind ", static_cast<int>(value.kind));
}

torch::jit::Stack stackOf(const c10::FunctionSchema &schema, const ct_value *arguments, int64_t count) {
    const auto &declared = schema.arguments();
    torch::jit::Stack stack(declared.size());
    std::vector<bool> given(declared.size(), false);
    for (int64_t i = 0; i < count; ++i) {
        auto place = static_cast<size_t>(i);
        if (arguments[i].name != nullptr) {
            auto found = schema.argumentIndexWithName(arguments[i].name);
            TORCH_CHECK(found, schema.name(), " has no argument '", arguments[i].name, "': ", schema);
            place = static_cast<size_t>(*found);
        }
        TORCH_CHECK(place < declared.size(), schema.name(), " takes ", declared.size(), " arguments: ", schema);
        stack[place] = boxed(arguments[i], declared[place]);
        given[place] = true;
    }
    for (size_t i = 0; i < declared.size(); ++i) {
        if (given[i]) continue;
        TORCH_CHECK(declared[i].default_value(), schema.name(), " needs its argument '", declared[i].name(), "': ", schema);
        stack[i] = *declared[i].default_value();
    }
    return stack;
}

/// Collects results and frees what it holds unless they are handed over.
class Results {
   public:
    Results(ct_value *places, int64_t capacity) : places(places), capacity(capacity) {}
    ~Results() {
        for (int64_t i = 0; i < count; ++i)
            if (places[i].kind == ct_kind_tensor) ct_tensor_free(places[i].tensor);
    }

    void append(const c10::IValue &value) {
        if (value.isTensorList()) {
            for (const at::Tensor &tensor : value.toTensorVector()) append(c10::IValue(tensor));
            return;
        }
        TORCH_CHECK(count < capacity, "more than ", capacity, " results");
        ct_value result{};
        if (value.isNone()) {
            result.kind = ct_kind_none;
        } else if (value.isTensor()) {
            result.tensor = owned(value.toTensor());
            result.kind = result.tensor.raw ? ct_kind_tensor : ct_kind_none;
        } else if (value.isInt()) {
            result.kind = ct_kind_int;
            result.integer = value.toInt();
        } else if (value.isDouble()) {
            result.kind = ct_kind_double;
            result.floating = value.toDouble();
        } else if (value.isBool()) {
            result.kind = ct_kind_bool;
            result.boolean = value.toBool();
        } else {
            TORCH_CHECK(false, "a result of type ", value.tagKind(), " has no place in the C ABI");
        }
        places[count++] = result;
    }

    int64_t handOver() { return std::exchange(count, 0); }

   private:
    ct_value *places;
    int64_t capacity;
    int64_t count = 0;
};

}  // namespace

ct_status ct_operator_find(const char *name, const char *overload, ct_operator *result) {
    return guarded([&] {
        auto found = c10::Dispatcher::singleton().findSchema({name, overload});
        TORCH_CHECK(found, "libtorch ", ct_version(), " has no operator ", name, *overload ? "." : "", overload);
        // Operators live as long as the process does.
        *result = {new c10::OperatorHandle(*found)};
    });
}

ct_status ct_operator_call(
    ct_operator op, const ct_value *arguments, int64_t count, ct_value *results, int64_t capacity, int64_t *resultCount) {
    return guarded([&] {
        auto stack = stackOf(handle(op).schema(), arguments, count);
        handle(op).callBoxed(stack);
        Results collected(results, capacity);
        for (const auto &value : stack) collected.append(value);
        *resultCount = collected.handOver();
    });
}
