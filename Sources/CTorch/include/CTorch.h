/// A C ABI over libtorch, a few hundred lines: one call into the dispatcher, and what stands beside it.
///
/// Rules that hold for every function:
/// - It returns a status, 0 for success. After a failure `ct_last_error()` holds libtorch's own sentence (thread-local).
/// - Outputs are written only on success.
/// - A `ct_tensor` it hands out is owned by the caller, who gives it back to `ct_tensor_free`.
///   A `ct_tensor` it takes is borrowed.
#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#pragma clang assume_nonnull begin

typedef int32_t ct_status;

// Handles are by-value structs so that Swift refuses to mix them up.
typedef struct { void *_Nullable raw; } ct_tensor;
typedef struct { void *_Nullable raw; } ct_operator;
typedef struct { void *_Nullable raw; } ct_generator;

/// `type` is c10::DeviceType (0 CPU, 1 CUDA); `index` is -1 for the current one.
typedef struct { int32_t type; int32_t index; } ct_device;

const char *ct_last_error(void);
/// Lets a callback say why it failed.
void ct_set_last_error(const char *message);

// ---------------------------------------------------------------------------------------------------------------------
// Operators: find one by its schema name, push boxed arguments, fill defaults from the schema, call.

typedef enum __attribute__((enum_extensibility(closed))) : int32_t {
    ct_kind_none,
    ct_kind_tensor,
    ct_kind_tensor_list,
    ct_kind_int,
    ct_kind_int_list,
    ct_kind_double,
    ct_kind_double_list,
    ct_kind_bool,
    ct_kind_string,
    ct_kind_device,
    ct_kind_generator,
} ct_kind;

/// One argument or result. `name` selects a schema argument; without it arguments are positional.
typedef struct {
    const char *_Nullable name;
    ct_kind kind;
    /// Elements of a list.
    int64_t count;
    union {
        ct_tensor tensor;
        /// A null `raw` in a list of optional tensors is None.
        const ct_tensor *_Nullable tensors;
        int64_t integer;
        const int64_t *_Nullable integers;
        double floating;
        const double *_Nullable floatings;
        bool boolean;
        const char *_Nullable string;
        ct_device device;
        ct_generator generator;
    };
} ct_value;

ct_status ct_operator_find(const char *name, const char *overload, ct_operator *result);
/// Results are flattened: a list of n tensors fills n places. More than `capacity` is an error.
ct_status ct_operator_call(
    ct_operator op, const ct_value *_Nullable arguments, int64_t count, ct_value *results, int64_t capacity, int64_t *resultCount);

// ---------------------------------------------------------------------------------------------------------------------
// Tensors

/// Copies `data` (row-major, on the host) into a new tensor. `dtype` is c10::ScalarType.
ct_status ct_tensor_copying(
    const void *data, int32_t dtype, const int64_t *_Nullable sizes, int64_t rank, ct_device device, ct_tensor *result);
/// A second handle on the same tensor.
ct_tensor ct_tensor_shared(ct_tensor tensor);
void ct_tensor_free(ct_tensor tensor);
int64_t ct_tensor_rank(ct_tensor tensor);
int64_t ct_tensor_size(ct_tensor tensor, int64_t dimension);
int32_t ct_tensor_dtype(ct_tensor tensor);
ct_device ct_tensor_device(ct_tensor tensor);
/// Elements from one index of a dimension to the next.
int64_t ct_tensor_stride(ct_tensor tensor, int64_t dimension);
/// Grows with every operation in place.
int64_t ct_tensor_version(ct_tensor tensor);
/// Where the first element is, on whatever device.
void *_Nullable ct_tensor_address(ct_tensor tensor);
/// The first byte of a contiguous tensor in host memory; an error for any other.
ct_status ct_tensor_bytes(ct_tensor tensor, void *_Nullable *_Nonnull result);
/// Handles alive in the process: what a leak test watches.
int64_t ct_tensor_live_count(void);

// ---------------------------------------------------------------------------------------------------------------------
// Autograd

/// Sets the calling thread's gradient mode and returns what it was.
bool ct_gradient_mode_exchange(bool enabled);
bool ct_tensor_requires_gradient(ct_tensor tensor);
ct_status ct_tensor_set_requires_gradient(ct_tensor tensor, bool value);
/// A null handle where there is none.
ct_status ct_tensor_gradient(ct_tensor tensor, ct_tensor *result);
ct_status ct_tensor_set_gradient(ct_tensor tensor, ct_tensor gradient);
/// Calls back each time that a backward pass has accumulated into this leaf, on the thread of the pass, in the place of an earlier
/// callback; newer libtorchs also where what came was nothing. `release` is called once, when the callback is replaced or the tensor ends.
ct_status ct_tensor_on_accumulation(
    ct_tensor tensor, void *context, void (*callback)(void *context), void (*release)(void *context));
/// Accumulates into leaves. A null gradient stands for 1 (scalar roots only).
ct_status ct_backward(const ct_tensor *roots, const ct_tensor *gradients, int64_t count, bool retainGraph);
/// The gradients of `inputs`, which accumulate nothing: null where the root doesn't depend on one. All of them require a gradient.
ct_status ct_gradients(ct_tensor root, ct_tensor gradient, const ct_tensor *inputs, int64_t count, ct_tensor *results);

/// Computes the gradients of the inputs (null for none) from those of the outputs (null for zero).
/// Takes nothing over; what it writes is owned by the caller. Non-zero: `ct_set_last_error` says why.
typedef ct_status (*ct_backward_callback)(
    void *context, const ct_tensor *outputGradients, int64_t outputCount, ct_tensor *inputGradients, int64_t inputCount);

/// Makes `outputs`, computed without gradients, a differentiable function of `inputs`.
/// `release` is called once, as soon as the graph no longer needs `context`.
ct_status ct_function_attach(
    const ct_tensor *outputs, int64_t outputCount, const ct_tensor *inputs, int64_t inputCount, void *context,
    ct_backward_callback backward, void (*release)(void *context));

// ---------------------------------------------------------------------------------------------------------------------
// Row kernels: the element-wise work of a decoder layer in one pass over memory each. Host memory, float32 or float64,
// rows contiguous in their last dimension. They don't record gradients.

/// y = x · rsqrt(mean(x²) + ε) · w, and the factor of each row. x, y `[n, d]`; w `[d]`; factor `[n]`.
ct_status ct_rms_norm(ct_tensor x, ct_tensor weight, double epsilon, ct_tensor *y, ct_tensor *factor);
/// The gradient with respect to x, plus `residual` where it isn't null.
ct_status ct_rms_norm_backward(
    ct_tensor gradient, ct_tensor x, ct_tensor weight, ct_tensor factor, ct_tensor residual, ct_tensor *result);
/// silu(g) · u, where a row of `gateUp` is g then u. `[n, 2f] → [n, f]`
ct_status ct_swiglu(ct_tensor gateUp, ct_tensor *result);
/// `[n, f] → [n, 2f]`
ct_status ct_swiglu_backward(ct_tensor gradient, ct_tensor gateUp, ct_tensor *result);
/// Turns every head of `rows` `[n, heads · size]` in place by its position's angle, the other way round for `inverse`.
/// Row i stands at position i mod t; cosine, sine `[t, size]`.
ct_status ct_rotate(ct_tensor rows, ct_tensor cosine, ct_tensor sine, bool inverse);
/// Cross-entropy of each row of `logits` `[n, v]` with its target `[n]` int64: loss, log Z and, where asked for, entropy, `[n]`.
ct_status ct_cross_entropy(
    ct_tensor logits, ct_tensor targets, ct_tensor *loss, ct_tensor *normalizer, ct_tensor *_Nullable entropy);
/// Overwrites logits with softmax − one-hot. Columns may be a part of all classes: a target outside is in another part.
ct_status ct_cross_entropy_backward(ct_tensor logits, ct_tensor targets, ct_tensor normalizer);

// ---------------------------------------------------------------------------------------------------------------------
// Low-rank adapters and attention. Same tensors as above; rows may lie at any distance, so slices of columns need no copy.

/// Dropout without state: a value of a matrix is dropped or not by a key, its row and its column.
typedef struct {
    /// The row of the mask that the first row of the tensor is.
    int64_t first_row;
    /// Of 65,536 values, how many are dropped. The others are scaled to the same expectation.
    uint32_t dropped;
} ct_dropout;
/// x dropped, `[n, d]`.
ct_status ct_dropped(ct_tensor x, ct_dropout dropout, uint64_t key, ct_tensor *result);

/// A low-rank adapter of one of the layers that share an input.
typedef struct {
    /// `[r, in]`
    ct_tensor a;
    /// `[out, r]`
    ct_tensor b;
    /// The first of its layer's columns in the output of all.
    int64_t column;
    /// Of its dropout, where there is any.
    uint64_t key;
} ct_low_rank_part;
/// Those of a group.
typedef struct {
    const ct_low_rank_part *parts;
    int64_t count;
    double scale;
    const ct_dropout *_Nullable dropout;
} ct_low_rank_group;

// `inputs` and `outputs` are of all the group's layers, to see that the parts fit.

/// dropped(input) · Aᵀ, part by part, `[n, in] → [n, Σ r]`, and which values of the input each part's dropout kept, a bit each, 32 columns
/// in a word, part by part, `[n, parts · ⌈in / 32⌉]` int32; null without dropout.
ct_status ct_low_rank_activations(
    ct_tensor input, const ct_low_rank_group *group, int64_t outputs, ct_tensor *low, ct_tensor *kept);
/// output += scale · low · Bᵀ in each part's columns. `[n, Σ out]`, `[n, Σ r]`
ct_status ct_low_rank_add_output(ct_tensor output, ct_tensor low, const ct_low_rank_group *group, int64_t inputs);
/// From the gradient of the output, `[n, Σ out]`: that of `low`, and those of every A and B, `count` of each.
ct_status ct_low_rank_gradients(
    ct_tensor gradient, ct_tensor input, ct_tensor low, ct_tensor kept, const ct_low_rank_group *group, ct_tensor *lowGradient,
    ct_tensor *gradientsOfA, ct_tensor *gradientsOfB);
/// result += dropped(lowGradient · A), the gradient of the input. `[n, in]`, `[n, Σ r]`
ct_status ct_low_rank_add_input_gradient(
    ct_tensor result, ct_tensor lowGradient, ct_tensor kept, const ct_low_rank_group *group, int64_t outputs);

/// Causal attention. A row of `qkv` holds the queries of all heads, then the keys, then the values of the key-value heads,
/// which groups of heads share; `length` rows are a sequence, of which a row sees the last `window` up to itself.
/// `[n, (heads + 2 · keyValueHeads) · size] → [n, heads · size]`, and what backward needs of each row's softmax, `[n, heads · 2]`.
ct_status ct_attention(
    ct_tensor qkv, int64_t heads, int64_t keyValueHeads, int64_t length, int64_t window, ct_tensor *output, ct_tensor *softmax);
/// The gradient with respect to `qkv` from that with respect to `output`.
ct_status ct_attention_backward(
    ct_tensor gradient, ct_tensor qkv, ct_tensor output, ct_tensor softmax, int64_t heads, int64_t keyValueHeads,
    int64_t length, int64_t window, ct_tensor *result);

// ---------------------------------------------------------------------------------------------------------------------
// Products with weights as they lie in memory, in float32 or bfloat16. Host memory, rows in float32 at any distance. They don't record
// gradients.

/// Whether oneDNN has its block kernel here, without which these products are slow: on x86 with AVX2.
bool ct_has_block_kernel(void);
/// result = input · weightᵀ, and what adapters add to it from `low`, `[n, Σ r]`, null without them. `[n, in] · [out, in]ᵀ → [n, out]`
ct_status ct_dense_forward(
    ct_tensor result, ct_tensor input, ct_tensor weight, const ct_low_rank_group *_Nullable adapters, ct_tensor low);
/// result = gradient · weight, and what comes through adapters from `lowGradient` and `kept`, likewise. `[n, out] · [out, in] → [n, in]`
ct_status ct_dense_backward(
    ct_tensor result, ct_tensor gradient, ct_tensor weight, const ct_low_rank_group *_Nullable adapters, ct_tensor lowGradient,
    ct_tensor kept);

// ---------------------------------------------------------------------------------------------------------------------
// Products with frozen weights in int8: a scale for every 64 inputs, of each output of the weight and of each row. Host memory, float32.

/// Whether this processor multiplies bytes (AVX-512 VNNI), as `ct_int8_multiply` does.
bool ct_has_int8_products(void);
/// `[n, k]` float32 in bytes and scales, in the order in which a product reads them.
ct_status ct_int8_weight(ct_tensor weight, ct_tensor *packed);
/// `[m, k]` float32 in bytes, each row with its scales and sums.
ct_status ct_int8_rows(ct_tensor x, ct_tensor *result);
/// result = rows · weightᵀ, `[m, n]` float32; it may be a slice of columns.
ct_status ct_int8_multiply(ct_tensor result, ct_tensor rows, ct_tensor packed);

// ---------------------------------------------------------------------------------------------------------------------
// Frozen weights packed in 4 to 32 bits an input. Products widen them tile by tile. Host memory, rows in float32 or float64.

typedef enum __attribute__((enum_extensibility(closed))) : int32_t {
    ct_packing_float32,
    ct_packing_bfloat16,
    ct_packing_float16,
    /// GGUF's blocks of 32 inputs, as in the file.
    ct_packing_q8_0,
    ct_packing_q4_0,
    ct_packing_q4_1,
    /// A scale a row, and a byte an input.
    ct_packing_int8_rows,
    /// QLoRA's NormalFloat: the largest of 64 inputs, and four bits an input.
    ct_packing_nf4,
} ct_packing;

/// The weight of one of the layers that share an input.
typedef struct {
    /// `[out, bytes of a row]`, uint8.
    ct_tensor bytes;
    ct_packing kind;
} ct_packed_part;

/// Bytes of a row of `inputs`; an error where they aren't whole blocks of GGUF's.
ct_status ct_packed_row_bytes(ct_packing kind, int64_t inputs, int64_t *result);
/// Packs `values` `[n, k]` float32 into `bytes`, as float32, int8 rows or NF4.
ct_status ct_packed_from(ct_packing kind, ct_tensor values, ct_tensor bytes);
/// Widens a weight into `result` `[out, in]` float32.
ct_status ct_packed_values(ct_packed_part part, ct_tensor result);
/// result = input · wᵀ, the parts side by side. `[n, in] → [n, Σ out]`
ct_status ct_packed_forward(ct_tensor result, ct_tensor input, const ct_packed_part *parts, int64_t count);
/// result = gradient · w, summed over the parts. `[n, Σ out] → [n, in]`
ct_status ct_packed_backward(ct_tensor result, ct_tensor gradient, const ct_packed_part *parts, int64_t count);

/// Keeps freed blocks in the process instead of giving them back: a training step asks for the same ones again.
/// Call it before the first tensor. No effect where the C library isn't glibc.
void ct_keep_freed_memory(void);

// ---------------------------------------------------------------------------------------------------------------------
// Random numbers, threads, versions

ct_status ct_generator_create(uint64_t seed, ct_generator *result);
void ct_generator_free(ct_generator generator);
/// The whole state as a tensor of bytes, and back.
ct_status ct_generator_state(ct_generator generator, ct_tensor *result);
ct_status ct_generator_set_state(ct_generator generator, ct_tensor state);

void ct_threads_set(int32_t count);
int32_t ct_threads(void);
/// The version of the headers it was compiled with.
const char *ct_version(void);
bool ct_has_cuda(void);
/// GPUs that libtorch sees.
int32_t ct_cuda_device_count(void);

#pragma clang assume_nonnull end

#ifdef __cplusplus
}
#endif

#include "CTorchCUDA.h"
#include "CTorchRanks.h"
