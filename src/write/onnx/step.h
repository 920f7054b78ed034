// SPDX-License-Identifier: Apache-2.0
//
// The interface for a rule of the translation: one TensorFlow node, its inputs as names of ONNX tensors in either
// layout, and functions that add ONNX nodes.
//
// A rule asks with czm_onnx_in_* and answers with czm_onnx_out() or czm_onnx_out_planar(). When the node
// cannot be expressed it calls czm_onnx_refuse() and returns. Layouts: "plain" is TensorFlow's order of
// dimensions, "planar" has the last dimension second: N, C, H, W for images.
#ifndef CZM_ONNX_STEP_H
#define CZM_ONNX_STEP_H

#include "write/onnx/onnx.h"

// A convolution whose result has no other reader, so a factor and a shift per channel can be added to it.
typedef struct czm_onnx_open {
    czm_onnx_node *node;     // Conv or ConvTranspose
    czm_onnx_weight *weight; // NULL: only a shift can be added
    int scaled_dim;          // of the weight: its output channels
    size_t channels;
    float *bias; // NULL: there is none yet
} czm_onnx_open;

// A reserved TensorList with at most one written element.
typedef struct czm_onnx_list {
    czm_dtype dtype;             // of its elements
    czm_shape shape;             // of the element that has been written
    const char *count;           // the number of its elements, [1]
    bool is_single;              // its number of elements is one
    bool grows;                  // it grows if an element is written beyond its count
    const char *place, *element; // NULL: none has been written
    czm_tensor index;            // the tensor of `place` in TensorFlow
} czm_onnx_list;

// A tensor of the TensorFlow graph. At least one of the names is set.
typedef struct czm_onnx_value {
    const char *plain, *planar;
    const char *imaginary;   // of complex numbers; `plain` are the real parts
    czm_onnx_weight *weight; // of the plain one, NULL: it is computed
    czm_shape shape;
    czm_dtype dtype;
    czm_value known;
    czm_onnx_open *open;
    const czm_onnx_list *list; // instead of a name
    size_t readers;            // in its own graph
    bool is_needed;            // of a node's first value: the node has a reader
    bool may_be_empty;         // it has as many elements as the values of the input select
} czm_onnx_value;

typedef struct czm_onnx_scope czm_onnx_scope;
typedef struct czm_onnx_translator czm_onnx_translator;

typedef struct czm_onnx_step {
    czm_onnx_translator *translator;
    czm_onnx_scope *scope;
    czm_arena *arena;
    const czm_node *node;
    const char *detail; // of the op's ONNX in op/ops.def
    int opset;
    czm_onnx_value *outputs;
    size_t output_count;
} czm_onnx_step;

// ---- inputs

czm_onnx_value *czm_onnx_in(const czm_onnx_step *step, size_t input);
const char *czm_onnx_in_plain(czm_onnx_step *step, size_t input);
const char *czm_onnx_in_planar(czm_onnx_step *step, size_t input);
const char *czm_onnx_plain_of(czm_onnx_step *step, czm_onnx_value *value);
const char *czm_onnx_planar_of(czm_onnx_step *step, czm_onnx_value *value);

static inline size_t czm_onnx_in_count(const czm_onnx_step *step) {
    return step->node->inputs.count;
}

// Whether the input exists in planar layout and would need a transposition for plain layout.
bool czm_onnx_in_is_planar(const czm_onnx_step *step, size_t input);

// The input's value as at most `most` integers. Returns their number, or -1 if one is unknown.
int czm_onnx_in_ints(const czm_onnx_step *step, size_t input, int64_t *out, int most);
bool czm_onnx_in_number(const czm_onnx_step *step, size_t input, double *out); // of one element

// The numbers of a constant or variable of at most a million floats; NULL if it is computed.
const float *czm_onnx_in_floats(czm_onnx_step *step, size_t input, size_t *count);

// The numbers of a constant vector of integers, of any length; NULL: they are computed.
const int64_t *czm_onnx_in_places(czm_onnx_step *step, size_t input, size_t *count);

// The input as a weight that may be reordered, or NULL.
czm_onnx_weight *czm_onnx_in_weight(czm_onnx_step *step, size_t input);
czm_onnx_weight *czm_onnx_weight_of(czm_onnx_step *step, czm_onnx_value *value);

// The input as int64, for ONNX's shape arguments.
const char *czm_onnx_in_int64(czm_onnx_step *step, size_t input);

// ---- nodes

// Adds a node with one new output, whose name it returns. `inputs` ends with NULL.
const char *czm_onnx_emit(czm_onnx_step *step, const char *op, const char *const *inputs);
#define CZM_ONNX(step, op, ...) czm_onnx_emit(step, op, (const char *const[]){__VA_ARGS__, NULL})

// The node that was added last.
czm_onnx_node *czm_onnx_last(const czm_onnx_step *step);
const char *czm_onnx_emit_more(czm_onnx_step *step); // one more output of the last node
const char *czm_onnx_emit_more_of(const czm_onnx_step *step, czm_onnx_node *node);

const char *czm_onnx_emit_transpose(czm_onnx_step *step, const char *of, const int64_t *order,
                                    int rank);
const char *czm_onnx_emit_cast(czm_onnx_step *step, const char *of, czm_dtype to);
const char *czm_onnx_emit_reshape(czm_onnx_step *step, const char *of, const int64_t *dims,
                                  int rank);

// Axes of Squeeze, Unsqueeze and ReduceSum: an input since opset 13; those of the other reductions
// since 18.
const char *czm_onnx_emit_with_axes(czm_onnx_step *step, const char *op, const char *of,
                                    const int64_t *axes, int count, int since);

// ---- attributes of the node that was added last

void czm_onnx_set_int(const czm_onnx_step *step, const char *name, int64_t value);
void czm_onnx_set_ints(const czm_onnx_step *step, const char *name, const int64_t *values,
                       size_t count);
void czm_onnx_set_float(const czm_onnx_step *step, const char *name, double value);
void czm_onnx_set_text(const czm_onnx_step *step, const char *name, const char *text);
void czm_onnx_set_graph(const czm_onnx_step *step, const char *name, czm_onnx_graph *graph);

// ---- constants

const char *czm_onnx_ints(czm_onnx_step *step, const int64_t *values,
                          size_t count);                                         // a list of int64
const char *czm_onnx_int(czm_onnx_step *step, int64_t value);                    // a list of one
const char *czm_onnx_number(czm_onnx_step *step, czm_dtype dtype, double value); // a scalar
const char *czm_onnx_floats(czm_onnx_step *step, const float *values, const int64_t *dims,
                            int rank);
const char *czm_onnx_weight_name(czm_onnx_weight *weight);
czm_onnx_weight *czm_onnx_weight_copy(czm_onnx_step *step, const czm_onnx_weight *weight);
czm_onnx_weight *czm_onnx_new_weight(czm_onnx_step *step, const char *name, czm_dtype dtype,
                                     const int64_t *dims, int rank);
bool czm_onnx_weight_is_movable(
    const czm_onnx_weight *weight); // whether its dimensions may be reordered

// ---- outputs

void czm_onnx_out(czm_onnx_step *step, size_t output, const char *plain);
void czm_onnx_out_planar(czm_onnx_step *step, size_t output, const char *planar);
void czm_onnx_out_value(czm_onnx_step *step, size_t output, const czm_onnx_value *same);

// The known shape of an output.
czm_shape czm_onnx_out_shape(const czm_onnx_step *step, size_t output);

CZM_PRINTF(2, 3) void czm_onnx_refuse(czm_onnx_step *step, const char *format, ...);
// Rejects a node whose translation depends on a size; the hint is to set it if that of the input is open.
void czm_onnx_refuse_size(czm_onnx_step *step, const char *reason);
// Rejects a node that only the newer operator set supports; `what` continues the text "opset 12".
void czm_onnx_refuse_opset(czm_onnx_step *step, const char *what);

// ---- layouts

// The position of dimension `dim` of a tensor in planar layout.
static inline int64_t czm_onnx_planar_axis(int64_t dim, int rank) {
    return dim == 0 ? 0 : dim == rank - 1 ? 1 : dim + 1;
}

// ---- per channel

// x * scale + shift for each channel (the last dimension) of the step's input; merged into the convolution that
// computes it if that has no other reader. Either may be NULL.
void czm_onnx_emit_affine(czm_onnx_step *step, size_t input, const float *scale, const float *shift,
                          size_t channels);

// Inlines a function: its outputs for these inputs; false if a node was rejected.
bool czm_onnx_inline_function(czm_onnx_step *step, czm_bytes name, const czm_onnx_value *inputs,
                              size_t input_count, czm_onnx_value *outputs, size_t output_count);

// From here on, nodes go into a new graph, which If or Loop get as an attribute; until
// czm_onnx_end_graph(), which restores `outer`.
czm_onnx_graph *czm_onnx_begin_graph(czm_onnx_step *step, czm_onnx_scope *inner, const char *name);
void czm_onnx_end_graph(czm_onnx_step *step, czm_onnx_scope *outer);
void czm_onnx_graph_input(czm_onnx_step *step, const char *name, czm_dtype dtype, czm_shape shape);
void czm_onnx_graph_output(czm_onnx_step *step, const char *name, czm_dtype dtype, czm_shape shape);
const char *czm_onnx_new_name(czm_onnx_step *step, const char *suffix);

// ---- lists

// The list as a tensor with one more dimension in front.
const char *czm_onnx_list_filled(czm_onnx_step *step, czm_onnx_value *value);

// The list that was written in a loop, from the positions and the elements of all iterations.
const char *czm_onnx_list_of_rounds(czm_onnx_step *step, const czm_onnx_list *list,
                                    const char *places, const char *elements);

#endif
