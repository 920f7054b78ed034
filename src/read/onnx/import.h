// SPDX-License-Identifier: Apache-2.0
//
// The translation of an ONNX network to a graph of TensorFlow operations: the interface for the functions of the
// operations. Each ONNX operation has a row in ops.def, whose function makes nodes and sets its outputs.
//
// An ONNX tensor is a value: a constant of the file, or tensors of the graph, each stored in an order of its axes
// (order.h). An operation requests its input in the order that it needs; a Transpose is made only if the value does
// not exist in this order yet. Shapes and the values of small tensors come from the shape inference, which follows
// the graph while it is built. Facts about operations: https://github.com/onnx/onnx/blob/main/docs/Operators.md
#ifndef CZM_READ_ONNX_IMPORT_H
#define CZM_READ_ONNX_IMPORT_H

#include "graph/build.h"
#include "read/onnx/weight.h"

enum { CZM_IMPORT_MOST_PIXELS = 1 << 20 }; // of an axis that is computed pixel by pixel

typedef struct czm_import_form {
    czm_order order;
    czm_tensor tensor;
} czm_import_form;

typedef struct czm_import_value {
    const char *name;
    const czm_onnx_initializer *constant; // NULL: it is computed
    CZM_LIST(czm_import_form) forms;      // the first one is the original order
    bool is_absent;                       // an input of a function that its caller omits
    struct czm_import_value *source;      // a Reshape made it of this value; NULL
    struct czm_import_value *shape_of; // it is the shape of this value, or has the same one; NULL
    struct czm_import_value **parts;   // of a sequence; or constants that a Concat has joined
    size_t part_count;
    bool is_sequence; // of tensors: it has parts instead of a form
} czm_import_value;

// A call of a function of the file.
typedef struct czm_import_call {
    const czm_onnx_function *function;
    const czm_onnx_operation *operation;  // that calls it
    const struct czm_import_call *caller; // NULL: the network
} czm_import_call;

// The names that operations read. A branch or a loop's body can also read the names of the scopes around it.
typedef struct czm_import_scope {
    czm_name_table values;                // czm_import_value by name
    const struct czm_import_scope *outer; // NULL: none
    const czm_import_call *call;          // NULL: in no function
    const char *prefix;                   // of the names of nodes
    int depth;
} czm_import_scope;

typedef struct czm_import {
    czm_context *context;
    czm_onnx_file *file;
    czm_model *model;
    czm_graph *graph;
    czm_arena *scratch; // of values, scopes and shapes: freed when the network is complete
    czm_shapes *shapes;
    czm_shapes *sample; // the same for one size of the input in the place of open ones
    czm_import_scope *scope;
} czm_import;

// One operation that is being translated.
typedef struct czm_import_step {
    czm_import *run;
    const czm_onnx_operation *operation;
    const czm_import_call *call; // of the function that the operation stands in; NULL
    czm_op_kind op;              // the last column of the operation's row: CZM_OP_OTHER: none
    const char *name;            // that nodes begin with
    int64_t opset;
    czm_import_value **inputs; // NULL: absent
    size_t input_count;
    czm_import_value **outputs; // NULL: not used
    size_t output_count;
} czm_import_step;

typedef czm_status czm_import_translate(czm_import_step *s);

// Translates an operation whose inputs have been made.
CZM_MUST_CHECK czm_status czm_import_translate_operation(czm_import *run,
                                                         const czm_onnx_operation *operation);

// The value of this name, which is made if there is none. NULL for the empty name, and for an omitted input of a
// function.
czm_import_value *czm_import_value_named(czm_import *run, czm_bytes name);
// A new value of the innermost scope. NULL for the empty name.
czm_import_value *czm_import_value_new(czm_import *run, czm_bytes name);
static inline bool czm_import_is_made(const czm_import_value *v) {
    return v->constant || v->forms.count || v->is_sequence;
}
// A value without a name, stored as `tensor` in this order.
czm_import_value *czm_import_value_of(czm_import *run, czm_order order, czm_tensor tensor);
// Another way in which the value is stored. Returns `tensor`.
czm_tensor czm_import_keep(czm_import *run, czm_import_value *v, czm_order order,
                           czm_tensor tensor);
// Copies everything but the name.
void czm_import_copy(czm_import_value *to, const czm_import_value *from);

// A call of a function of the file.
CZM_MUST_CHECK czm_status czm_import_call_function(czm_import_step *s,
                                                   const czm_onnx_function *function);

// The normalisation of groups of channels of an image.
CZM_MUST_CHECK czm_status czm_import_group_norm(czm_import_step *s, czm_import_value *image,
                                                int64_t groups, double epsilon,
                                                czm_import_value *scale, czm_import_value *shift,
                                                czm_tensor *y);

// Splits a tensor along an axis: the node has an output for each of the sizes, stored like the tensor.
czm_node *czm_import_split(czm_import_step *s, czm_import_value *x, int axis, const int64_t *sizes,
                           size_t count);

// A product of matrices; the flags exchange the last two axes of an operand first.
czm_tensor czm_import_product(czm_import_step *s, czm_tensor a, czm_tensor b, int rank_a,
                              int rank_b, bool exchanges_a, bool exchanges_b);

// Whether the operation is this one of ONNX.
static inline bool czm_import_is(const czm_import_step *s, const char *op) {
    return czm_text_equal(s->operation->op, op);
}

// ---- attributes

bool czm_import_has(const czm_import_step *s, const char *name);
int64_t czm_import_int(const czm_import_step *s, const char *name, int64_t otherwise);
double czm_import_float(const czm_import_step *s, const char *name, double otherwise);
bool czm_import_text_is(const czm_import_step *s, const char *name, const char *otherwise,
                        const char *text);
czm_bytes czm_import_text(const czm_import_step *s, const char *name);
// Stores at most `most` elements, and returns how many there are.
size_t czm_import_ints(const czm_import_step *s, const char *name, int64_t *out, size_t most);
size_t czm_import_floats(const czm_import_step *s, const char *name, double *out, size_t most);
// The AttributeProto; empty: absent. In a function, the caller may supply it.
czm_bytes czm_import_attr(const czm_import_step *s, const char *name);
// The place of a part of an operation or attribute in the file.
czm_extent czm_import_extent_of(const czm_import_step *s, czm_bytes part);

// ---- inputs

static inline czm_import_value *czm_import_in(const czm_import_step *s, size_t i) {
    return i < s->input_count ? s->inputs[i] : NULL;
}

czm_shape czm_import_shape(const czm_import_step *s,
                           const czm_import_value *v); // in ONNX's numbers
czm_dtype czm_import_type(const czm_import_value *v);
int64_t czm_import_dim(const czm_import_step *s, const czm_import_value *v,
                       int axis); // CZM_UNKNOWN
czm_order czm_import_order(const czm_import_step *s,
                           const czm_import_value *v); // in which it was made

// An order with this axis last; if possible, one in which the value exists.
czm_order czm_import_order_ending_with(czm_import_step *s, const czm_import_value *x, int axis);

// The value as a tensor that is stored in this order.
czm_tensor czm_import_get(czm_import_step *s, czm_import_value *v, czm_order order);
czm_tensor czm_import_plain(czm_import_step *s, czm_import_value *v); // in ONNX's order
czm_tensor czm_import_made(czm_import_step *s, czm_import_value *v);  // as it was made
// Whether the tensor is computed from operations of this kind and constants alone; false too if many nodes lie between.
bool czm_import_is_made_of(czm_tensor t, czm_op_kind kind);
// A constant or computed value with axes of size 1 added in front, up to this rank.
czm_tensor czm_import_widened(czm_import_step *s, czm_import_value *v, czm_order order);

// The elements of a constant, in ONNX's order; NULL: it is not
// known, or has more than `most`.
const double *czm_import_numbers(czm_import_step *s, const czm_import_value *v, size_t most,
                                 size_t *count);
// The elements of a vector of whole numbers as far as they are known: CZM_UNKNOWN_INT.
#define CZM_UNKNOWN_INT INT64_MIN
size_t czm_import_vector(czm_import_step *s, const czm_import_value *v, int64_t *out, size_t most);
// The axes of the attribute "axes" or, from operator set `since` on, of input `at`.
CZM_MUST_CHECK czm_status czm_import_axes(czm_import_step *s, int64_t since, size_t at, int rank,
                                          unsigned *axes, bool *is_given);
CZM_MUST_CHECK czm_status czm_import_axis(czm_import_step *s, int64_t axis, int rank, int *out);

// ---- nodes

#define CZM_NODE(s, op, ...) czm_import_node((s), (op), CZM_INPUTS(__VA_ARGS__))
#define CZM_OUT(s, op, ...) czm_output(CZM_NODE((s), (op), __VA_ARGS__))

czm_node *czm_import_node(czm_import_step *s, czm_op_kind op, const czm_tensor *inputs,
                          size_t count);
czm_tensor czm_import_const(czm_import_step *s, const int64_t *values,
                            size_t count);                         // int32 vector
czm_tensor czm_import_const_of(czm_import_step *s, int32_t value); // int32 scalar
// Numbers of this type in these dims.
czm_tensor czm_import_numbers_const(czm_import_step *s, czm_dtype dtype, const double *numbers,
                                    const int64_t *dims, size_t rank);
czm_tensor czm_import_scalar(czm_import_step *s, czm_tensor like, double number); // of its type
// An operation of a tensor and a number: czm_import_with(s, CZM_OP_Mul, x, 2).
czm_tensor czm_import_with(czm_import_step *s, czm_op_kind op, czm_tensor x, double number);
czm_tensor czm_import_element(czm_import_step *s, czm_tensor vector, int64_t index); // a scalar
czm_tensor czm_import_cast(czm_import_step *s, czm_tensor x, czm_dtype dtype);
// The shape of a tensor as an int32 vector: known sizes are constants, the others are computed.
czm_tensor czm_import_sizes(czm_import_step *s, czm_tensor x, const int64_t *dims, size_t rank);
czm_tensor czm_import_reshape(czm_import_step *s, czm_tensor x, const int64_t *dims, size_t rank);
czm_shape czm_import_stored_shape(czm_import_step *s, czm_tensor x);

void czm_import_put(czm_import_step *s, size_t output, czm_tensor tensor, czm_order order);
void czm_import_pass(czm_import_step *s, size_t output,
                     const czm_import_value *v); // the value itself

// The inputs as tensors of one order that broadcast as ONNX does.
czm_order czm_import_align(czm_import_step *s, czm_import_value **values, size_t count,
                           czm_tensor *out);

// Rejects the operation with the reason; `hint` says what to do, or is NULL.
CZM_PRINTF(3, 4)
czm_status czm_import_reject(czm_import_step *s, const char *hint, const char *format, ...);

#define OP(name, function, detail, layout, least) czm_import_translate czm_import_op_##function;
#include "read/onnx/ops.def"
#undef OP

#endif
