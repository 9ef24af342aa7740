#include <ATen/core/grad_mode.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/function.h>
#include <torch/csrc/autograd/functions/utils.h>
#include <torch/csrc/autograd/variable.h>

#include "Guard.h"

using namespace ctorch;

bool ct_gradient_mode_exchange(bool enabled) {
    bool previous = at::GradMode::is_enabled();
    at::GradMode::set_enabled(enabled);
    return previous;
}

bool ct_tensor_requires_gradient(ct_tensor tensor) { return borrowed(tensor).requires_grad(); }

ct_status ct_tensor_set_requires_gradient(ct_tensor tensor, bool value) {
    return guarded([&] { borrowed(tensor).requires_grad_(value); });
}

ct_status ct_tensor_gradient(ct_tensor tensor, ct_tensor *result) {
    return guarded([&] { *result = owned(borrowed(tensor).grad()); });
}

ct_status ct_tensor_set_gradient(ct_tensor tensor, ct_tensor gradient) {
    return guarded([&] { borrowed(tensor).mutable_grad() = borrowed(gradient); });
}

namespace {

struct AccumulationHook : torch::autograd::PostAccumulateGradHook {
    AccumulationHook(void *context, void (*callback)(void *), void (*release)(void *))
        : context(context), callback(callback), release(release) {}
    ~AccumulationHook() override { release(context); }

    void operator()(const at::Tensor &) override { callback(context); }

    void *context;
    void (*callback)(void *);
    void (*release)(void *);
};

}  // namespace

ct_status ct_tensor_on_accumulation(
    ct_tensor tensor, void *context, void (*callback)(void *context), void (*release)(void *context)) {
    // Owns the context from here on, whatever happens.
    auto hook = std::make_unique<AccumulationHook>(context, callback, release);
    return guarded([&] { torch::autograd::impl::set_post_acc_grad_hooks(borrowed(tensor), std::move(hook)); });
}

ct_status ct_backward(const ct_tensor *roots, const ct_tensor *gradients, int64_t count, bool retainGraph) {
    return guarded([&] {
        std::vector<at::Tensor> outputs, seeds;
        for (int64_t i = 0; i < count; ++i) {
            outputs.push_back(borrowed(roots[i]));
            seeds.push_back(borrowed(gradients[i]));
        }
        torch::autograd::backward(outputs, seeds, retainGraph);
    });
}

ct_status ct_gradients(ct_tensor root, ct_tensor gradient, const ct_tensor *inputs, int64_t count, ct_tensor *results) {
    return guarded([&] {
        TORCH_CHECK(count > 0, "gradients by nothing");
        torch::autograd::variable_list sources;
        for (int64_t i = 0; i < count; ++i) sources.push_back(borrowed(inputs[i]));
        auto found = torch::autograd::grad(
            {borrowed(root)}, sources, {borrowed(gradient)}, /*retain_graph=*/false, /*create_graph=*/false, /*allow_unused=*/true);
        for (int64_t i = 0; i < count; ++i) results[i] = owned(std::move(found[i]));
    });
}

namespace {

/// A function whose backward is a callback on the other side of the ABI.
struct CallbackNode : torch::autograd::Node {
    CallbackNode(void *context, ct_backward_callback callback, void (*release)(void *))
        : context(context), callback(callback), release(release) {}

    ~CallbackNode() override { release_variables(); }

    torch::autograd::variable_list apply(torch::autograd::variable_list &&gradients) override {
        TORCH_CHECK(context != nullptr, "backward a second time through a graph that was freed: pass retainGraph");
        std::vector<ct_tensor> outputs, inputs(num_outputs(), ct_tensor{nullptr});
        for (auto &gradient : gradients) outputs.push_back(owned(std::move(gradient)));
        auto status = callback(
            context, outputs.data(), static_cast<int64_t>(outputs.size()), inputs.data(), static_cast<int64_t>(inputs.size()));
        for (auto handle : outputs) ct_tensor_free(handle);
        torch::autograd::variable_list results;
        for (auto handle : inputs) {
            results.push_back(borrowed(handle));
            ct_tensor_free(handle);
        }
        TORCH_CHECK(status == 0, ct_last_error());
        return results;
    }

    void release_variables() override {
        if (context != nullptr) release(std::exchange(context, nullptr));
    }

    std::string name() const override { return "WinnowFunction"; }

    void *context;
    ct_backward_callback callback;
    void (*release)(void *);
};

// libtorch counts nodes itself since 2.12; before, a shared pointer did.
template <class Node>
auto makeNode(void *context, ct_backward_callback callback, void (*release)(void *)) {
    if constexpr (std::is_base_of_v<c10::intrusive_ptr_target, Node>)
        return c10::make_intrusive<Node>(context, callback, release);
    else
        return std::make_shared<Node>(context, callback, release);
}

}  // namespace

ct_status ct_function_attach(
    const ct_tensor *outputs, int64_t outputCount, const ct_tensor *inputs, int64_t inputCount, void *context,
    ct_backward_callback backward, void (*release)(void *)) {
    // Owns the context from here on, whatever happens.
    auto node = makeNode<CallbackNode>(context, backward, release);
    return guarded([&] {
        torch::autograd::variable_list sources;
        for (int64_t i = 0; i < inputCount; ++i) sources.push_back(borrowed(inputs[i]));
        node->set_next_edges(torch::autograd::collect_next_edges(sources));
        for (int64_t i = 0; i < outputCount; ++i) torch::autograd::set_history(borrowed(outputs[i]), node);
    });
}
