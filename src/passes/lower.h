// SPDX-License-Identifier: Apache-2.0
//
// What the rewrites of pass "lower" share. A rewrite is a row of rewrites.def: a condition and a function. It changes
// the node in place into the last node of the replacement, so that its readers are unchanged, and adds the others
// before it.
#ifndef CZM_PASSES_LOWER_H
#define CZM_PASSES_LOWER_H

#include "graph/build.h"
#include "passes/passes.h"
#include "shape/shape.h"

typedef struct czm_lowering {
    czm_context *context;
    czm_model *model;
    czm_pass_target target;
    czm_graph *graph;
    const czm_shapes *shapes; // of the main graph; NULL while a function is lowered
} czm_lowering;

typedef struct czm_rewrite {
    bool (*applies)(czm_lowering *lowering, czm_node *node);
    void (*rewrite)(czm_lowering *lowering, czm_node *node);
    czm_pass_target
        target; // CZM_FOR_TF200: ONNX can express the op, and some engines compute it faster
    const char *reason; // what TensorFlow 2.0.0 does without it
} czm_rewrite;

// ---- building blocks

// "<node>/<suffix>" The same suffix may occur twice: names are made unique later.
const char *czm_lower_name(czm_lowering *lowering, const czm_node *node, const char *suffix);

// A new node with the op, attrs and inputs of `node`, whose readers of output 1 and higher now read the new one. The
// caller then turns `node` into the node that computes output 0 from it.
czm_node *czm_lower_split(czm_lowering *lowering, czm_node *node, const char *suffix);

// A new node: czm_lower_add(l, node, "sum", CZM_OP_AddV2, CZM_INPUTS(a, b)).
czm_node *czm_lower_add(czm_lowering *lowering, const czm_node *node, const char *suffix,
                        czm_op_kind op, const czm_tensor *inputs, size_t count);

czm_tensor czm_lower_ints(czm_lowering *lowering, const czm_node *node, const char *suffix,
                          const int32_t *values, size_t count);
czm_tensor czm_lower_int(czm_lowering *lowering, const czm_node *node, const char *suffix,
                         int32_t value);

// Shape of a tensor of the main graph as it was when the round began; else unknown.
czm_shape czm_lower_shape(const czm_lowering *lowering, czm_tensor tensor);

// Its value, as far as it is known.
czm_value czm_lower_value(const czm_lowering *lowering, czm_tensor tensor);

// `value` with other dimensions.
czm_tensor czm_lower_reshape(czm_lowering *lowering, const czm_node *node, const char *suffix,
                             czm_tensor value, czm_tensor dims);

// `value` as another element type; itself if the type is the same.
czm_tensor czm_lower_cast(czm_lowering *lowering, const czm_node *node, czm_tensor value,
                          czm_dtype to);

// A new node with the op and attrs of `node`, without inputs.
czm_node *czm_lower_copy(czm_lowering *lowering, const czm_node *node, const char *suffix);

// ---- convolutions

static inline bool czm_lower_is_channels_last(const czm_node *node) {
    return czm_attr_is(node, "data_format", "NHWC");
}

// 4 for images and 5 for volumes, channels last; 0 for channels first.
int czm_lower_rank(const czm_node *node);

// A filter whose four dimensions are known and plausible.
bool czm_lower_read_filter(const czm_lowering *lowering, const czm_node *node, size_t input,
                           int64_t dims[4]);

// ---- the rewrites

#define REWRITE(name, ...)                                             \
    bool czm_##name##_applies(czm_lowering *lowering, czm_node *node); \
    void czm_##name##_rewrite(czm_lowering *lowering, czm_node *node);
#include "passes/rewrites.def"

#endif
